package peers

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// The output of tshark for each packet is a list of lines "field=hex", in the
// order of the packet.

func TestTsharkFindsWhatWeWrote(t *testing.T) {
	all := []packet.Packet{&packet.Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: true}}
	for _, v := range vectors(t) {
		for b := v.bytes(t); v.Valid && len(b) > 0; {
			ours := Decode(b)
			if ours.Verdict != Accepted {
				t.Fatalf("%s: %v", v.Name, ours.Err)
			}
			all, b = append(all, ours.Packet), b[ours.Size:]
		}
	}
	for seed := range 400 {
		all = append(all, generator{}.packet().Example(seed))
	}
	var sent [][]byte
	for _, p := range all {
		b, err := p.AppendBinary(nil)
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		sent = append(sent, b)
	}
	got := tshark(t, sent)
	if len(got) != len(all) {
		t.Fatalf("want %d packets, tshark found %d", len(all), len(got))
	}
	for i, p := range all {
		want := dissection(p)
		if c, ok := p.(*packet.Connect); ok && bytes.IndexByte(c.Password, 0) >= 0 && slices.Contains(got[i], afterNUL) {
			want = append(want, afterNUL)
		}
		if !slices.Equal(want, got[i]) {
			t.Errorf("%v\n%.100x (-wrote +tshark)\n%.4000s", p, sent[i], cmp.Diff(want, got[i]))
		}
	}
}

// afterNUL is the remark of tshark on a password with a zero byte. It treats a
// password as text, but a password may contain any bytes (section 3.1.3.5).
const afterNUL = "remark: Trailing stray characters"

// The test above would detect an objection of tshark.
func TestTsharkObjects(t *testing.T) {
	connect := unhex(t, "101000044d5154540402003c000461314232")
	for _, wrong := range []string{"30050009612f62", "8208000a0009612f6201"} {
		got := tshark(t, [][]byte{connect, unhex(t, wrong)})
		if len(got) != 2 || !slices.Contains(got[1], "malformed") {
			t.Errorf("%s: %q", wrong, got)
		}
	}
}

// tshark dissects a TCP stream of packets.
func tshark(t *testing.T, sent [][]byte) [][]string {
	for _, tool := range []string{"text2pcap", "tshark"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed (Debian: apt-get install tshark)", tool)
		}
	}
	pcap := filepath.Join(t.TempDir(), "sent.pcap")
	run(t, segments(sent), "text2pcap", "-q", "-D", "-T", "40000,1883", "-", pcap)
	pdml := run(t, nil, "tshark", "-r", pcap, "-d", "tcp.port==1883,mqtt", "-Y", "mqtt", "-T", "pdml", "-J", "mqtt")
	return dissected(t, pdml)
}

func run(t *testing.T, in []byte, name string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), name, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(in), &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &errs)
	}
	return out.Bytes()
}

// segments returns the input of text2pcap: a hex dump of each segment from a
// client.
func segments(sent [][]byte) []byte {
	var s bytes.Buffer
	for _, b := range sent {
		for segment := range slices.Chunk(b, 32_000) {
			s.WriteString("I\n")
			for i := 0; i < len(segment); i += 16 {
				fmt.Fprintf(&s, "%06x % x\n", i, segment[i:min(i+16, len(segment))])
			}
			s.WriteString("\n")
		}
	}
	return s.Bytes()
}

// dissected parses the output of tshark.
func dissected(t *testing.T, pdml []byte) (all [][]string) {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > 0xfffd && r < 0x10000 || r == 0xfffd {
			return ' ' // a character of a text that is not allowed in XML
		}
		return r
	}, string(pdml))
	for d := xml.NewDecoder(strings.NewReader(clean)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch name := attr(e, "name"); {
		case e.Name.Local == "proto" && name == "mqtt":
			all = append(all, nil)
		case name == "_ws.malformed":
			all[len(all)-1] = append(all[len(all)-1], "malformed")
		case name == "_ws.expert.message":
			all[len(all)-1] = append(all[len(all)-1], "remark: "+attr(e, "show"))
		case slices.Contains(dissectedFields, name) && attr(e, "value") != "":
			all[len(all)-1] = append(all[len(all)-1], name[len("mqtt."):]+"="+attr(e, "value"))
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// dissectedFields are the fields of tshark that we compare: all except the bits
// of the CONNECT flags, and fields that only contain the length of another
// field.
var dissectedFields = strings.Fields(`mqtt.hdrflags mqtt.len
	mqtt.protoname mqtt.ver mqtt.conflags mqtt.kalive mqtt.clientid mqtt.willtopic mqtt.willmsg mqtt.username mqtt.passwd
	mqtt.conack.flags mqtt.conack.val mqtt.topic mqtt.msgid mqtt.msg mqtt.sub.qos mqtt.suback.qos`)

// dissection returns the expected output of tshark for p. It omits empty
// fields.
func dissection(p packet.Packet) []string {
	flags, rest := byte(0), []string(nil)
	size := 0
	add := func(name string, b []byte) {
		if size += len(b); len(b) > 0 {
			rest = append(rest, name+"="+hex.EncodeToString(b))
		}
	}
	text := func(name string, b []byte) { size += 2; add(name, b) }
	number := func(name string, v uint16) { add(name, []byte{byte(v >> 8), byte(v)}) }
	switch p := p.(type) {
	case *packet.Connect:
		dissectConnect(p, add, text, number)
	case *packet.Connack:
		add("conack.flags", []byte{bit(p.SessionPresent, 0)})
		add("conack.val", []byte{byte(p.ReturnCode)})
	case *packet.Publish:
		flags = bit(p.Dup, 3) | byte(p.QoS)<<1 | bit(p.Retain, 0)
		text("topic", p.Topic)
		if p.QoS > 0 {
			number("msgid", p.ID)
		}
		add("msg", p.Payload)
	case *packet.Subscribe:
		flags = 2
		number("msgid", p.ID)
		for _, s := range p.Subscriptions {
			text("topic", s.Filter)
			add("sub.qos", []byte{byte(s.QoS)})
		}
	case *packet.Suback:
		number("msgid", p.ID)
		for _, c := range p.ReturnCodes {
			add("suback.qos", []byte{c})
		}
	case *packet.Unsubscribe:
		flags = 2
		number("msgid", p.ID)
		for _, f := range p.Filters {
			text("topic", f)
		}
	case *packet.Pubrel:
		flags = 2
		number("msgid", p.ID)
	default:
		if id := idOfAnswer(p); id >= 0 {
			number("msgid", uint16(id))
		}
	}
	return append([]string{fmt.Sprintf("hdrflags=%02x", byte(p.Type())<<4|flags), "len=" + lengthHex(size)}, rest...)
}

func dissectConnect(p *packet.Connect, add, text func(string, []byte), number func(string, uint16)) {
	text("protoname", p.ProtocolName)
	add("ver", []byte{p.ProtocolLevel})
	flags := bit(p.CleanSession, 1) | bit(p.Username != nil, 7) | bit(p.Password != nil, 6)
	if w := p.Will; w != nil {
		flags |= 4 | byte(w.QoS)<<3 | bit(w.Retain, 5)
	}
	add("conflags", []byte{flags})
	number("kalive", p.KeepAlive)
	text("clientid", p.ClientID)
	if p.Will != nil {
		text("willtopic", p.Will.Topic)
		text("willmsg", p.Will.Message)
	}
	if p.Username != nil {
		text("username", p.Username)
	}
	if p.Password != nil {
		text("passwd", p.Password)
	}
}

func bit(set bool, n int) byte {
	if set {
		return 1 << n
	}
	return 0
}

// lengthHex returns a Remaining Length in hex.
func lengthHex(n int) string {
	var b []byte
	for ; n > 127; n /= 128 {
		b = append(b, byte(n%128+128))
	}
	return hex.EncodeToString(append(b, byte(n)))
}
