package fsm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
)

// start is the time at which tests begin.
var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// testToken has the length of a real token.
const testToken = "SharedAccessSignature sr=0ne00000A1B%2Fregistrations%2Fdev-1&sig=hwgBlMB6G2Zg5ZcYtwmtLVKRbifiSCPfUMyscbVWa8o%3D" +
	"&se=1767326645&skn=registration"

func testConfig() fsm.Config {
	return fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "dev-1"}
}

// A bench has a machine and simulates its environment step by step.
type bench struct {
	*testing.T
	m        *fsm.Machine
	now      time.Time
	id       string
	password []byte
}

func newBench(t *testing.T, change ...func(*fsm.Config)) *bench {
	t.Helper()
	cfg := testConfig()
	for _, f := range change {
		f(&cfg)
	}
	m, err := fsm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, m: m, now: start, id: cfg.RegistrationID}
	if cfg.Attestation == fsm.SymmetricKey {
		b.password = []byte(testToken)
	}
	return b
}

// sleep advances the time and reports it to the machine.
func (b *bench) sleep(d time.Duration) {
	b.now = b.now.Add(d)
	b.m.Advance(b.now)
}

// sleepToDeadline advances the time to the machine's deadline and returns the
// difference.
func (b *bench) sleepToDeadline() time.Duration {
	b.Helper()
	at := b.m.Deadline()
	if at.IsZero() {
		b.Fatalf("no deadline in state %v", b.m.State())
	}
	d := at.Sub(b.now)
	b.sleep(d)
	return d
}

func (b *bench) open() {
	b.Helper()
	if err := b.m.Open(b.now, b.password); err != nil {
		b.Fatal(err)
	}
}

// sent takes the machine's output and returns its packets.
func (b *bench) sent() []packet.Packet {
	b.Helper()
	return b.decoded(b.m.AppendOutput(nil))
}

// decoded returns the packets of an output.
func (b *bench) decoded(out []byte) []packet.Packet {
	b.Helper()
	var all []packet.Packet
	for len(out) > 0 {
		f, rest, err := packet.Cut(out, 0)
		if err != nil {
			b.Fatalf("output: %v", err)
		}
		p, err := packet.Decode(f)
		if err != nil {
			b.Fatalf("output: %v", err)
		}
		all, out = append(all, p), rest
	}
	return all
}

// expect takes the output and compares each packet with a line, of which only
// the beginning must be given.
func (b *bench) expect(lines ...string) []packet.Packet {
	b.Helper()
	sent := b.sent()
	ok := len(sent) == len(lines)
	for i := 0; ok && i < len(lines); i++ {
		ok = strings.HasPrefix(sent[i].String(), lines[i])
	}
	if !ok {
		b.Fatalf("sent %q, want %q", sent, lines)
	}
	return sent
}

func (b *bench) receive(all ...packet.Packet) {
	b.Helper()
	var in []byte
	for _, p := range all {
		var err error
		if in, err = p.AppendBinary(in); err != nil {
			b.Fatal(err)
		}
	}
	b.m.Receive(b.now, in)
}

// connect plays a connection up to the first request.
func (b *bench) connect() {
	b.Helper()
	b.open()
	b.expect("CONNECT")
	b.receive(&packet.Connack{})
	sub := b.expect("SUBSCRIBE")[0].(*packet.Subscribe)
	b.receive(&packet.Suback{ID: sub.ID, ReturnCodes: []byte{1}})
}

// message returns an answer. rest is the part of the topic after "res/".
func message(rest, body string) *packet.Publish {
	return &packet.Publish{Topic: []byte("$dps/registrations/res/" + rest), QoS: packet.QoS1, ID: 7, Payload: []byte(body)}
}

// answer answers the request with the given $rid, and checks that the machine
// acknowledges the answer.
func (b *bench) answer(status int, rid, properties, body string) {
	b.Helper()
	b.receive(message(fmt.Sprintf("%d/?$rid=%s%s", status, rid, properties), body))
}

const (
	assigning = `{"operationId":"4.op","status":"assigning"}`
	assigned  = `{"operationId":"4.op","status":"assigned","registrationState":{"registrationId":"dev-1","assignedHub":"hub.example","deviceId":"dev-1","status":"assigned","substatus":"initialAssignment"}}`
	registerT = `PUBLISH id=2 qos=1 topic="$dps/registrations/PUT/iotdps-register/?$rid=1"`
	queryT    = `topic="$dps/registrations/GET/iotdps-get-operationstatus/?$rid=`
)

func (b *bench) want(state fsm.State, want fsm.Want) {
	b.Helper()
	if b.m.State() != state || b.m.Want() != want {
		_, err := b.m.Result()
		b.Fatalf("in state %v wanting %v, want %v and %v; result %v", b.m.State(), b.m.Want(), state, want, err)
	}
}

// ends closes the transport at the end and checks the result.
func (b *bench) ends(target error) error {
	b.Helper()
	if b.m.Want() == fsm.WantClose {
		b.m.Lost(b.now, nil)
	}
	b.want(fsm.Finished, fsm.WantDone)
	a, err := b.m.Result()
	if target == nil {
		if err != nil || a.AssignedHub != "hub.example" || a.DeviceID != "dev-1" {
			b.Fatalf("result %+v, %v", a, err)
		}
	} else if !errors.Is(err, target) {
		b.Fatalf("result %v, want %v", err, target)
	}
	return err
}

// refusal returns the ServiceError with which the registration ended.
func (b *bench) refusal() *fsm.ServiceError {
	b.Helper()
	_, err := b.m.Result()
	var e *fsm.ServiceError
	if !errors.As(err, &e) {
		b.Fatalf("result %v, want a ServiceError", err)
	}
	return e
}
