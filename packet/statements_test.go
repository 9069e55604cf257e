package packet_test

import (
	"errors"
	"strings"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// A statement is one of the statements of MQTT 3.1.1 that a codec can check,
// with evidence that the package conforms to it. The name of one without a
// number is "U-" and its section.
type statement struct {
	id, says string
	both     []both
	foul     []foul
	unsent   []unsent
}

// both holds a packet and its encoding, which are tested in both directions.
type both struct {
	wire string
	packet.Packet
}

// foul holds bytes that the decoder rejects, the offset of the fault, and the
// rule in the error if it is not the statement itself.
type foul struct {
	wire string
	at   int
	rule string
}

// unsent holds a packet that the encoder rejects, and the rule in the error if
// it is not the statement itself.
type unsent struct {
	packet.Packet
	rule string
}

func TestStatements(t *testing.T) {
	for _, list := range [][]statement{formatStatements, connectStatements, publishStatements, otherStatements, topicStatements} {
		for _, s := range list {
			t.Run(s.id, func(t *testing.T) {
				if len(s.both)+len(s.foul)+len(s.unsent) == 0 {
					t.Errorf("there is no test that %s", s.says)
				}
				for _, row := range s.both {
					row.check(t)
				}
				for _, row := range s.foul {
					row.check(t, s.id)
				}
				for _, row := range s.unsent {
					row.check(t, s.id)
				}
			})
		}
	}
}

func wire(s string) []byte { return unhex(strings.ReplaceAll(s, " ", "")) }

// decodeOne decodes b, which must be one packet and nothing else.
func decodeOne(b []byte) (packet.Packet, error) {
	f, rest, err := packet.Cut(b, noLimit)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errors.New("there are bytes after the packet")
	}
	return packet.Decode(f)
}

func (row both) check(t *testing.T) {
	t.Helper()
	got, err := decodeOne(wire(row.wire))
	if err != nil {
		t.Errorf("%.80s: %v", row.wire, err)
		return
	}
	if diff := cmp.Diff(row.Packet, got, sameBytes); diff != "" {
		t.Errorf("%.80s decodes to (-want +got):\n%s", row.wire, diff)
	}
	checkEncodes(t, []packet.Packet{row.Packet}, wire(row.wire))
}

func (row foul) check(t *testing.T, id string) {
	t.Helper()
	b := wire(row.wire)
	_, err := decodeOne(b)
	want := &packet.SyntaxError{Type: packet.Type(b[0] >> 4), Offset: row.at, Rule: row.rule, Err: packet.ErrMalformed}
	checkSyntaxError(t, row.wire, err, want, id)
}

func (row unsent) check(t *testing.T, id string) {
	t.Helper()
	b, err := row.AppendBinary([]byte("before"))
	want := &packet.SyntaxError{Type: row.Type(), Rule: row.rule, Err: packet.ErrInvalid}
	checkSyntaxError(t, row.String(), err, want, id)
	if string(b) != "before" {
		t.Errorf("%.80v: rejected, but the result is %q", row, b)
	}
}

// checkSyntaxError compares all fields of err except its message, which must
// not be empty.
func checkSyntaxError(t *testing.T, what string, err error, want *packet.SyntaxError, id string) {
	t.Helper()
	var got *packet.SyntaxError
	if !errors.As(err, &got) {
		t.Errorf("%.80s: got %v, want a SyntaxError", what, err)
		return
	}
	if want.Rule == "" {
		want.Rule = id
	}
	if got.Msg == "" || !strings.HasPrefix(err.Error(), "packet: ") || !errors.Is(err, want.Err) {
		t.Errorf("%.80s: %q explains too little", what, err)
	}
	want.Msg = got.Msg
	if *got != *want {
		t.Errorf("%.80s: got %v, want rule %s at byte %d", what, err, want.Rule, want.Offset)
	}
}

// text returns n bytes of text.
func text(n int) []byte { return []byte(strings.Repeat("t", n)) }

// oneOfEach holds approximately the smallest packet of each type.
var oneOfEach = []both{
	{"10 0d 0004 4d515454 04 02 003c 0001 61", connect(func(p *packet.Connect) { p.KeepAlive = 60 })},
	{"20 02 01 00", &packet.Connack{SessionPresent: true}},
	{"30 06 0003 612f62 78", &packet.Publish{Topic: []byte("a/b"), Payload: []byte("x")}},
	{"40 02 000a", &packet.Puback{ID: 10}},
	{"50 02 000a", &packet.Pubrec{ID: 10}},
	{"62 02 000a", &packet.Pubrel{ID: 10}},
	{"70 02 000a", &packet.Pubcomp{ID: 10}},
	{"82 08 000a 0003 612f62 01", subscribe("a/b")},
	{"90 03 000a 80", &packet.Suback{ID: 10, ReturnCodes: []byte{packet.SubackFailure}}},
	{"a2 07 000a 0003 612f62", unsubscribe("a/b")},
	{"b0 02 000a", &packet.Unsuback{ID: 10}},
	{"c0 00", &packet.Pingreq{}},
	{"d0 00", &packet.Pingresp{}},
	{"e0 00", &packet.Disconnect{}},
}

// connect returns a CONNECT with client identifier "a" and CleanSession,
// modified by change.
func connect(change func(p *packet.Connect)) *packet.Connect {
	p := &packet.Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true, ClientID: []byte("a")}
	change(p)
	return p
}

func publish(topic string) *packet.Publish {
	return &packet.Publish{Topic: []byte(topic), Payload: []byte{}}
}

func subscribe(filter string) *packet.Subscribe {
	return &packet.Subscribe{ID: 10, Subscriptions: []packet.Subscription{{Filter: []byte(filter), QoS: packet.QoS1}}}
}

func unsubscribe(filter string) *packet.Unsubscribe {
	return &packet.Unsubscribe{ID: 10, Filters: [][]byte{[]byte(filter)}}
}

// hexText returns text(n) in hexadecimal.
func hexText(n int) string { return strings.Repeat("74", n) }
