package fsm_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// TestTranscripts plays the conversations in testdata/transcripts, whose README
// describes them. With -update, it rewrites the machine's side.
func TestTranscripts(t *testing.T) {
	names, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, observed := play(t, text, true)
			if _, quiet := play(t, text, false); !bytes.Equal(quiet, observed) {
				t.Errorf("without a trace the course differs (-without +with):\n%s", cmp.Diff(string(quiet), string(observed)))
			}
			if updating() {
				err = os.WriteFile(name, got, 0o644)
			} else if !bytes.Equal(got, text) {
				err = fmt.Errorf("the machine's side has changed; see the diff after go test ./fsm -run Transcripts -update:\n%s", got)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// play repeats the inputs of a transcript and rewrites the machine's side.
// observed is everything that can be observed of the machine, whether or not it
// is traced.
func play(t *testing.T, text []byte, traced bool) (_, observed []byte) {
	var out bytes.Buffer
	p := player{T: t, out: &out, cfg: testConfig(), isTraced: traced}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "    ") { // the machine's side
			continue
		}
		fmt.Fprintln(&out, line)
		if line != "" && line[0] != '#' {
			p.input(line)
		}
	}
	return out.Bytes(), p.observed.Bytes()
}

// A player drives a bench by the lines of a transcript.
type player struct {
	*testing.T
	b   *bench // nil as long as it is configured
	out *bytes.Buffer
	cfg fsm.Config
	// What was said last, so that only news is said.
	state string
	rid   string
	// The packets that were traced as sent, which must be sent next.
	traced   []byte
	isTraced bool
	observed bytes.Buffer
}

func (p *player) say(format string, args ...any) { fmt.Fprintf(p.out, "    "+format+"\n", args...) }

// input performs the input of a line and then writes what the machine does.
func (p *player) input(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	if verb == "config" {
		p.configure(rest)
		return
	}
	if p.b == nil {
		if p.isTraced {
			p.cfg.Trace = p.trace
		}
		p.b = newBench(p.T, func(c *fsm.Config) { *c = p.cfg })
	}
	b := p.b
	switch verb {
	case "open":
		password := "a SAS token"
		if p.cfg.Attestation == fsm.X509 {
			password = ""
		}
		if err := b.m.Open(b.now, []byte(password)); err != nil {
			p.say("error %v", err)
		}
	case "dialing":
		b.m.Dialing(b.now)
	case "dial": // failed
		b.m.DialFailed(b.now, causeOf(strings.TrimPrefix(rest, "failed")))
	case "lost":
		b.m.Lost(b.now, causeOf(rest))
	case "abort":
		b.m.Abort(b.now, causeOf(rest))
	case "stop":
		b.m.Stop(b.now)
	case "after":
		if rest == "deadline" {
			b.sleepToDeadline()
		} else if d, err := time.ParseDuration(rest); err == nil {
			b.sleep(d)
		} else {
			p.Fatal(err)
		}
	case "answer":
		name, body, _ := strings.Cut(rest, " ")
		m := message(strings.ReplaceAll(name, "RID", p.rid), body)
		m.ID = 1
		b.receive(m)
	case "receive":
		p.receive(rest)
	default:
		p.Fatalf("unknown input %q", line)
	}
	p.observe()
}

// causeOf returns the cause in a line, or nil if there is none.
func causeOf(text string) error {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	return errors.New(text)
}

// receive receives packets as hex, or one by its name.
func (p *player) receive(rest string) {
	name, arg, _ := strings.Cut(rest, " ")
	n, _ := strconv.ParseUint(arg, 0, 16)
	switch name {
	case "CONNACK":
		p.b.receive(&packet.Connack{ReturnCode: packet.ReturnCode(n)})
	case "SUBACK":
		p.b.receive(&packet.Suback{ID: 1, ReturnCodes: []byte{byte(n)}})
	case "PUBACK":
		p.b.receive(&packet.Puback{ID: uint16(n)})
	case "PUBREL":
		p.b.receive(&packet.Pubrel{ID: uint16(n)})
	case "PINGRESP":
		p.b.receive(&packet.Pingresp{})
	default:
		in, err := hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
		if err != nil {
			p.Fatal(err)
		}
		p.b.m.Receive(p.b.now, in)
	}
}

// configure sets fields of the configuration from JSON.
func (p *player) configure(text string) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p.cfg); err != nil {
		p.Fatalf("config %s: %v", text, err)
	}
}

// trace writes what the output does not show: why the machine waits, tries
// again or ignores a message.
func (p *player) trace(e fsm.Event) {
	switch e.Kind {
	case fsm.EventSent:
		var err error
		if p.traced, err = e.Packet.AppendBinary(p.traced); err != nil {
			p.Error(err)
		}
	case fsm.EventWait:
		p.say("waits until %v: %s", e.Until.Sub(start), e.Note)
	case fsm.EventRetry:
		p.say("tries again at %v: %v", e.Until.Sub(start), e.Err)
	case fsm.EventIgnored:
		p.say("ignores it: %s", e.Note)
	}
}

// observe writes what has changed: packets, the state with its deadline, and
// the result.
func (p *player) observe() {
	m := p.b.m
	out := m.AppendOutput(nil)
	_, err := m.Result()
	fmt.Fprintf(&p.observed, "%x %v %v %v %q %d %v %x\n", out, m.State(), m.Want(), m.Deadline(), m.OperationID(), m.Ignored(), err, m.AppendUnread(nil))
	if p.isTraced && !bytes.Equal(out, p.traced) {
		p.Errorf("traced as sent: %x\nsent: %x", p.traced, out)
	}
	p.traced = nil
	for _, q := range p.b.decoded(out) {
		p.say("sends %v", q)
		if pub, ok := q.(*packet.Publish); ok {
			if len(pub.Payload) > 0 {
				p.say("      %s", pub.Payload)
			}
			_, rid, _ := strings.Cut(string(pub.Topic), "$rid=")
			p.rid, _, _ = strings.Cut(rid, "&")
		}
	}
	state := fmt.Sprintf("%v, wants %v", m.State(), m.Want())
	if d := m.Deadline(); !d.IsZero() {
		state += fmt.Sprintf(" until %v", d.Sub(start))
	}
	if state != p.state {
		p.say("%v: %s", p.b.now.Sub(start), state)
		p.state = state
	}
	if m.Want() == fsm.WantDone {
		a, err := m.Result()
		if err != nil {
			p.say("result: %v", err)
			return
		}
		text, _ := json.Marshal(a)
		p.say("result: %s", text)
	}
}

// updating reports whether the flag -update, which the exploration defines, is
// set.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}
