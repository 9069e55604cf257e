package dpstest_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"example.com/dps/topic"
	"github.com/google/go-cmp/cmp"
)

// packets returns the packets of one side, with the times of their last bytes.
func packets(t *testing.T, all []moment, from string) (out []moment) {
	splitters := map[string]*packet.Splitter{}
	for _, m := range all {
		s := splitters[m.connection]
		if s == nil {
			s = new(packet.Splitter)
			splitters[m.connection] = s
		}
		if m.from != from {
			continue
		}
		s.Feed(m.bytes)
		for {
			f, err := s.Next()
			if err == packet.ErrShort {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			p, err := packet.Decode(f)
			if err != nil {
				return out // sent by the client that copies '#' into a topic
			}
			b, err := p.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, moment{m.connection, m.from, m.at, b})
		}
	}
	return out
}

func decode(t *testing.T, b []byte) packet.Packet {
	f, _, err := packet.Cut(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := packet.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// script returns an outcome and faults that make the service answer as the
// recorded one did.
func script(t *testing.T, requests, answers []moment) (o dpstest.Outcome, faults []dpstest.Fault) {
	kinds := map[string]topic.Op{}
	for _, m := range requests {
		if p, ok := decode(t, m.bytes).(*packet.Publish); ok {
			r, err := topic.ParseRequest(p.Topic)
			if err != nil {
				t.Fatal(err)
			}
			kinds[string(r.RequestID)] = r.Op
		}
	}
	nth := map[topic.Op]int{}
	for _, m := range answers {
		p, ok := decode(t, m.bytes).(*packet.Publish)
		if !ok {
			continue
		}
		r, err := topic.ParseResponse(p.Topic)
		op, known := kinds[string(r.RequestID)]
		if err != nil || !known || p.Dup {
			continue
		}
		if len(faults) == 0 {
			op = topic.Register // one client uses the same $rid for all requests
		}
		nth[op]++
		f := dpstest.Fault{At: dpstest.OnRegister, Nth: nth[op], RetryAfter: dpstest.NoRetryAfter}
		if op == topic.QueryStatus {
			f.At = dpstest.OnQuery
		}
		if r.HasRetryAfter {
			f.RetryAfter = dpstest.RetryAfter(strconv.Itoa(int(r.RetryAfter / time.Second)))
		}
		if r.Status >= 400 {
			f.Status = r.Status
		}
		if op == topic.QueryStatus && r.Status == 202 {
			o.Polls++
		}
		faults = append(faults, f)
	}
	return o, faults
}

// namedIn replays a capture and returns the diagnoses, without duplicates.
func namedIn(t *testing.T, name string) (named []string) {
	all := readMoments(t, name)
	outcome, faults := script(t, packets(t, all, ">"), packets(t, all, "<"))
	operation := ""
	s, err := dpstest.New(dpstest.Config{IDScope: scope, Enrollments: []dpstest.Enrollment{
		{RegistrationID: "dev-x509-01", X509: true, Outcome: outcome, Faults: faults},
		{RegistrationID: "dev-sym-01", PrimaryKey: captureKey, Outcome: outcome, Faults: faults},
		{RegistrationID: "Dev-1._:a", PrimaryKey: captureKey, Outcome: outcome, Faults: faults},
	}, Log: func(e dpstest.Event) {
		if e.Kind == dpstest.EventDiagnosis && !slices.Contains(named, string(e.Diagnosis)) {
			named = append(named, string(e.Diagnosis))
		}
		if m, ok := e.Packet.(*packet.Publish); ok && e.Kind == dpstest.EventSent {
			if _, id, ok := strings.Cut(string(m.Payload), `"operationId":"`); ok {
				operation, _, _ = strings.Cut(id, `"`)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	var client []byte
	for _, m := range all {
		if m.from == ">" {
			client = append(client, m.bytes...)
		}
	}
	began := timeOf(client)
	conns := map[string]*dpstest.Conn{}
	for _, m := range packets(t, all, ">") {
		c := conns[m.connection]
		if c == nil {
			cn := ""
			if strings.Contains(name, "x509") {
				cn = "dev-x509-01"
			}
			c = s.Open(began.Add(m.at), certificate(cn))
			conns[m.connection] = c
		}
		if p, ok := decode(t, m.bytes).(*packet.Publish); ok {
			if before, _, ok := bytes.Cut(p.Topic, []byte("operationId=")); ok {
				p.Topic = append(append(bytes.Clone(before), "operationId="...), operation...)
				m.bytes = encode(t, p)
			}
		}
		c.Receive(began.Add(m.at), m.bytes)
		c.AppendOutput(nil)
	}
	for _, c := range conns {
		c.Lost(began.Add(time.Hour))
	}
	return named
}

// The mistakes of real clients in the captures are diagnosed.
func TestCapturedClientsAreNamed(t *testing.T) {
	got := map[string]string{}
	for _, name := range captures(t) {
		base := strings.TrimSuffix(filepath.Base(name), ".txt")
		if strings.HasPrefix(base, "broker-") {
			continue
		}
		if named := namedIn(t, name); len(named) > 0 {
			got[base] = strings.Join(named, " ")
		}
	}
	want := map[string]string{ // Node, the C SDK, Paho for Go and MQTT.js make no mistakes
		"azpy.assigned": "clean-session", "azpy.server-error-get": "clean-session", "azpy.special-ids": "clean-session",
		"azsdkc-sas.assigned": "clean-session rid-again", "azsdkc-sas.disabled": "clean-session rid-again no-disconnect",
		"azsdkc-sas.operation-id-special": "clean-session no-disconnect",
		"libmosquitto.assigned":           "early-query",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
