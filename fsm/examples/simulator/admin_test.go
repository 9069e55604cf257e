package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/journal"
	"github.com/google/go-cmp/cmp"
)

// ask sends a request to the admin endpoint and returns the status and the
// body.
func (s *session) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Admin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); len(text) > 0 && kind != "application/json" {
		t.Errorf("%s %s: content type %q", method, path, kind)
	}
	if len(text) > 0 && !json.Valid(text) {
		t.Errorf("%s %s: %s is not JSON", method, path, text)
	}
	return answer.StatusCode, string(text)
}

// do sends a request that must succeed.
func (s *session) do(t *testing.T, method, path, body string) string {
	t.Helper()
	status, text := s.ask(t, method, path, body)
	if status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	return text
}

type journalAnswer struct {
	Events  []journal.Entry `json:"events"`
	Last    uint64          `json:"last"`
	LeftOut uint64          `json:"leftOut"`
}

func (s *session) journal(t *testing.T, query string) (j journalAnswer) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.do(t, "GET", "/journal"+query, "")), &j); err != nil {
		t.Fatal(err)
	}
	return j
}

func TestHealth(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0")
	var got struct {
		Status string
		ready
	}
	if err := json.Unmarshal([]byte(s.do(t, "GET", "/health", "")), &got); err != nil || got.Status != "ok" || got.ready != s.ready {
		t.Errorf("want %+v, got %+v, %v", s.ready, got, err)
	}
	s.do(t, "PUT", "/enrollments", `{"idScope": "other"}`)
	if text := s.do(t, "GET", "/health", ""); !strings.Contains(text, `"idScope":"other"`) {
		t.Error(text)
	}
	s.out.wait(t, "Admin      http://"+s.Admin)
}

// The journal records the events. Requests can filter them and discard them.
func TestJournal(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0", "-quiet", "-enrollments", devices(t, "dev-1", "dev-2"))
	if j := s.journal(t, ""); j.Events == nil || len(j.Events) != 0 || j.Last != 0 {
		t.Errorf("%+v", j)
	}
	c := s.client()
	c.rude = true
	for _, id := range []string{"dev-1", "dev-2"} {
		c.mustRegister(t, id)
		s.out.wait(t, id+" ✗ no-disconnect") // the first connection ends before the second begins
	}
	s.do(t, "GET", "/health", "")
	all := s.journal(t, "")
	var kinds []string
	for i, e := range all.Events {
		if kinds = append(kinds, e.Kind); e.Seq != uint64(i+1) || e.Connection == 0 || e.Time.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	one := []string{"opened", "received", "sent", "received", "sent", "received", "sent", "diagnosis", "closed"}
	if d := cmp.Diff(append(one, one...), kinds); d != "" {
		t.Fatal(d)
	}
	for query, want := range map[string]int{
		"?device=dev-1": 7, "?diagnosis=no-disconnect": 2, "?diagnosis=early-query": 0, "?kind=opened": 2, "?kind=diagnosis&device=dev-2": 1,
		fmt.Sprint("?after=", all.Last): 0, fmt.Sprint("?after=", all.Last-3): 3, "?device=": 18,
	} {
		if j := s.journal(t, query); len(j.Events) != want || j.Last != all.Last || j.LeftOut != 0 {
			t.Errorf("%s: want %d events, got %d; last %d, left out %d", query, want, len(j.Events), j.Last, j.LeftOut)
		}
	}
	s.do(t, "DELETE", "/journal", "")
	c.mustRegister(t, "dev-1")
	s.out.wait(t, "#3 dev-1 ✗ no-disconnect")
	if j := s.journal(t, "?kind=opened"); len(j.Events) != 1 || j.Events[0].Connection != 3 || j.Events[0].Seq != all.Last+1 {
		t.Errorf("%+v", j)
	}
}

// The enrollments can be read without their keys, and replaced.
func TestEnrollmentsOverHTTP(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0", "-quiet", "-enrollments", writeFile(t, `{"idScope":"0ne00000A1B","enrollments":[
		{"registrationId":"dev-1","primaryKey":"`+testKey+`","secondaryKey":"`+key16+`","faults":[{"at":"query","qos":0}]},
		{"registrationId":"dev-x","x509":true}]}`))
	text := s.do(t, "GET", "/enrollments", "")
	var cfg dpstest.Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil || strings.Contains(text, testKey) || strings.Contains(text, key16) {
		t.Fatalf("%s, %v", text, err)
	}
	if e := cfg.Enrollments; len(e) != 2 || string(e[0].PrimaryKey) != hidden || string(e[0].SecondaryKey) != hidden || e[1].PrimaryKey != "" || len(e[0].Faults) != 1 {
		t.Errorf("%s", text)
	}
	if status, answer := s.ask(t, "PUT", "/enrollments", text); status != http.StatusBadRequest || !strings.Contains(answer, "enrollments[0].primaryKey") {
		t.Errorf("hidden keys: %d %s", status, answer)
	}
	if status, answer := s.ask(t, "PUT", "/enrollments", "{\"idScope\": \"0ne00000A1B\",\n\"enrollments\": [{\"registrationId\": \"dev-2\"}]}"); status != http.StatusBadRequest || !strings.Contains(answer, "line 2: enrollments[0]: ") {
		t.Errorf("%d %s", status, answer)
	}
	s.client().mustRegister(t, "dev-1") // the old enrollments are still in effect
	s.do(t, "PUT", "/enrollments", `{"idScope":"0ne00000A1B","enrollments":[{"registrationId":"dev-2","primaryKey":"`+testKey+`"}]}`)
	s.client().mustRegister(t, "dev-2")
	if len(s.journal(t, "?device=dev-2").Events) == 0 {
		t.Error("the journal does not record events after the enrollments were replaced")
	}
	if answer, err := s.client().register(t, "dev-1", password(t, "dev-1")); strings.Contains(answer, "res/20") {
		t.Errorf("a device that is no longer enrolled: %s, %v", answer, err)
	}
	large := `{"idScope": "` + strings.Repeat("x", adminBody) + `"}`
	if status, answer := s.ask(t, "PUT", "/enrollments", large); status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", status, answer)
	}
}

// After a reset, the simulator behaves as if it had just started.
func TestReset(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0", "-enrollments", writeFile(t, `{"idScope":"0ne00000A1B","registrationsPerMinute":2,"enrollments":[
		{"registrationId":"dev-1","primaryKey":"`+testKey+`"}]}`))
	register := func() string {
		t.Helper()
		answer, err := s.client().register(t, "dev-1", password(t, "dev-1"))
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for range 2 {
		register()
		register()
		if answer := register(); !strings.Contains(answer, "res/429") {
			t.Errorf("above the quota: %s", answer)
		}
		s.do(t, "POST", "/reset", "")
	}
	if answer := register(); !strings.Contains(answer, "res/202") {
		t.Error(answer)
	}
	for range 1000 {
		if all := s.journal(t, "?kind=opened").Events; len(all) == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the journal contains events from before the reset")
}

// A request that fails is answered with an error in JSON and a suitable status.
func TestAdminErrors(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0")
	for _, test := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/", 404, "expected /health, /journal"},
		{"GET", "/health/", 404, "unknown path"},
		{"POST", "/health", 405, "expected GET"},
		{"GET", "/reset", 405, "expected POST"},
		{"PATCH", "/journal", 405, "expected DELETE and GET"},
		{"DELETE", "/enrollments", 405, "expected GET and PUT"},
		{"GET", "/health?x=1", 400, "query parameters"},
		{"GET", "/journal?x=1", 400, "unknown parameter"},
		{"GET", "/journal?device=a&device=b", 400, "2 times"},
		{"GET", "/journal?diagnosis=nonsense", 400, "no-disconnect"},
		{"GET", "/journal?kind=nonsense", 400, "opened, received"},
		{"GET", "/journal?after=-1", 400, "expected a number"},
		{"PUT", "/enrollments", 400, "line 1: unexpected end of JSON input"},
	} {
		status, text := s.ask(t, test.method, test.path, "")
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || status != test.status || !strings.Contains(answer.Error, test.want) {
			t.Errorf("%s %s: %d %s", test.method, test.path, status, text)
		}
	}
}

// Web pages in a browser on this machine cannot use the endpoint.
func TestWebPagesAreRefused(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0")
	for _, header := range [][2]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+s.Admin+"/reset", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header[0], header[1])
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if refused := answer.StatusCode == http.StatusForbidden; refused != (header[1] != "none") {
			t.Errorf("%q: %s", header, answer.Status)
		}
	}
}

// Clients that stop in the middle of a request, and connections above the
// limit, delay neither devices nor the end of the program.
func TestHostileAdminClients(t *testing.T) {
	s := start(t, "-admin", "127.0.0.1:0", "-quiet")
	var all []net.Conn
	for range adminConns + 20 {
		conn, err := net.Dial("tcp", s.Admin)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "PUT /enrollments HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
		all = append(all, conn)
	}
	for i, conn := range all[adminConns:] {
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if n, err := conn.Read(make([]byte, 1)); n > 0 || isTimeout(err) {
			t.Fatalf("connection %d above the limit is not closed: %v", i, err)
		}
	}
	s.client().mustRegister(t, "demo-key")
	if code := s.stop(); code != exitStopped {
		t.Errorf("exit code %d", code)
	}
}

func isTimeout(err error) bool {
	n, ok := err.(net.Error)
	return ok && n.Timeout()
}

// Without -admin, there is no endpoint.
func TestAdminIsOffByDefault(t *testing.T) {
	s := start(t)
	if s.Admin != "" || slices.Contains(strings.Fields(s.out.String()), "Admin") {
		t.Errorf("%+v", s.ready)
	}
}
