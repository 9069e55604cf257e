package peers

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// mosquitto starts a broker on loopback that ends with the test. It returns the
// broker's address.
func mosquitto(t *testing.T) string {
	tool, err := exec.LookPath("mosquitto")
	if err != nil {
		if tool, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil {
			t.Skip("mosquitto is not installed (Debian: apt-get install mosquitto)")
		}
	}
	addr := freePort(t)
	_, port, _ := net.SplitHostPort(addr)
	// If root starts it, it switches to another user, which may not exist.
	conf := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\nlog_dest stderr\n", port)
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := exec.Command(tool, "-c", file)
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		c.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("mosquitto said:\n%s", tail(log.String()))
		}
	})
	for range 100 {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("mosquitto ended: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("mosquitto does not listen")
	return ""
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// Each client packet that we write is sent on its own connection.
func TestMosquittoAnswersAsTheStandardSays(t *testing.T) {
	addr := mosquitto(t)
	for _, p := range clientPackets(t) {
		if p, ok := p.(*packet.Connect); ok {
			c, _ := connect(t, addr, p)
			c.disconnect()
			continue
		}
		c, _ := connect(t, addr, &packet.Connect{CleanSession: true})
		c.send(p)
		if p.Type() == packet.DISCONNECT {
			if p := c.receive(); p != nil {
				t.Fatalf("%v after DISCONNECT", p)
			}
			continue
		}
		if diff := cmp.Diff(standardAnswers(p), c.answers()); diff != "" {
			t.Errorf("%v is answered with (-standard +mosquitto)\n%s", p, diff)
		}
		c.disconnect()
	}
}

// clientPackets returns the client packets of the vectors and some hundred
// generated ones. They contain no control characters and no noncharacters, for
// which a server may close the connection, as mosquitto does.
func clientPackets(t *testing.T) (all []packet.Packet) {
	for _, v := range vectors(t) {
		for b := v.bytes(t); v.Valid && v.Direction != "s2c" && len(b) > 0; {
			ours := Decode(b)
			all, b = append(all, ours.Packet), b[ours.Size:]
		}
	}
	for seed := range 300 {
		switch p := (generator{}.packet().Example(seed)); p.Type() {
		case packet.CONNACK, packet.SUBACK, packet.UNSUBACK, packet.PINGRESP:
		default:
			all = append(all, p)
		}
	}
	many := &packet.Subscribe{ID: 7}
	for i := range 1000 {
		many.Subscriptions = append(many.Subscriptions, packet.Subscription{Filter: fmt.Appendf(nil, "a/%d/+/#", i), QoS: packet.QoS(i % 3)})
	}
	all = append(all, many)
	kept := all[:0]
	for _, p := range all {
		if !strings.ContainsFunc(textsOf(p), discretionary) {
			kept = append(kept, p)
		}
	}
	if len(kept) < 250 {
		t.Fatalf("only %d packets", len(kept))
	}
	return kept
}

func textsOf(p packet.Packet) string {
	switch p := p.(type) {
	case *packet.Connect:
		s := string(p.ClientID) + string(p.Username)
		if p.Will != nil {
			s += string(p.Will.Topic)
		}
		return s
	case *packet.Publish:
		return string(p.Topic)
	}
	return ""
}

func discretionary(r rune) bool {
	return unicode.IsControl(r) || r&0xfffe == 0xfffe || 0xfdd0 <= r && r <= 0xfdef
}

// standardAnswers returns the answers of a server that grants every
// subscription. The standard does not specify the answer to an unknown PUBREC;
// mosquitto sends PUBREL.
func standardAnswers(p packet.Packet) []packet.Packet {
	switch p := p.(type) {
	case *packet.Publish:
		switch p.QoS {
		case packet.QoS1:
			return []packet.Packet{&packet.Puback{ID: p.ID}}
		case packet.QoS2:
			return []packet.Packet{&packet.Pubrec{ID: p.ID}, &packet.Pubcomp{ID: p.ID}}
		}
	case *packet.Pubrec:
		return []packet.Packet{&packet.Pubrel{ID: p.ID}}
	case *packet.Pubrel:
		return []packet.Packet{&packet.Pubcomp{ID: p.ID}}
	case *packet.Subscribe:
		answer := &packet.Suback{ID: p.ID}
		for _, s := range p.Subscriptions {
			answer.ReturnCodes = append(answer.ReturnCodes, byte(s.QoS))
		}
		return []packet.Packet{answer}
	case *packet.Unsubscribe:
		return []packet.Packet{&packet.Unsuback{ID: p.ID}}
	}
	return nil
}

// Each message is delivered as we published it, with any pair of QoS and at the
// boundaries of the Remaining Length, until we unsubscribe.
func TestMosquittoDeliversWhatWePublish(t *testing.T) {
	addr := mosquitto(t)
	for granted := range packet.QoS2 + 1 {
		c, _ := connect(t, addr, &packet.Connect{CleanSession: true, ClientID: []byte("device")})
		c.send(&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte("$dps/registrations/#"), QoS: granted}}})
		c.answers()
		var want []*packet.Publish
		publish := func(qos packet.QoS, size int) {
			p := &packet.Publish{QoS: qos, Topic: []byte("$dps/registrations/PUT/iotdps-register/?$rid=1"), Payload: bytes.Repeat([]byte{'x'}, size)}
			if qos > 0 {
				p.ID, p.Dup = uint16(100+len(want)), size == 1
			}
			c.send(p)
			if diff := cmp.Diff(standardAnswers(p), c.answers()); diff != "" {
				t.Errorf("%v is answered with (-standard +mosquitto)\n%s", p, diff)
			}
			want = append(want, &packet.Publish{QoS: min(qos, granted), Topic: p.Topic, Payload: p.Payload})
		}
		for qos := range packet.QoS2 + 1 {
			for _, size := range []int{0, 1, 127 - 48, 128 - 48, 16383 - 48, 16384 - 48, 2097151 - 48, 2097152 - 48} {
				publish(qos, size)
			}
		}
		c.send(&packet.Unsubscribe{ID: 2, Filters: [][]byte{[]byte("$dps/registrations/#")}})
		c.answers()
		publish(packet.QoS1, 2)
		want = want[:len(want)-1]
		for _, p := range c.delivered {
			p.ID = 0 // chosen by the broker
		}
		same := cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) })
		if diff := cmp.Diff(want, c.delivered, same); diff != "" {
			t.Errorf("granted %v: delivered (-published +delivered)\n%.2000s", granted, diff)
		}
		c.disconnect()
	}
}

// The session, the will and the retained message are those that we requested.
func TestMosquittoKeepsSessionsWillsAndRetainedMessages(t *testing.T) {
	addr := mosquitto(t)
	watcher, _ := connect(t, addr, &packet.Connect{CleanSession: true})
	watcher.send(&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte("will/#"), QoS: packet.QoS2}}})
	watcher.answers()
	for _, present := range []bool{false, true} {
		mortal, connack := connect(t, addr, &packet.Connect{ClientID: []byte("mortal"), KeepAlive: 60,
			Username: []byte{}, Password: packet.Secret{},
			Will: &packet.Will{Topic: []byte("will/mortal"), Message: []byte{0, 0xff}, QoS: packet.QoS1, Retain: true}})
		if connack.SessionPresent != present {
			t.Errorf("want session present %t, got %t", present, connack.SessionPresent)
		}
		mortal.conn.Close() // without DISCONNECT
	}
	for range 100 {
		if watcher.answers(); len(watcher.delivered) == 2 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	late, _ := connect(t, addr, &packet.Connect{CleanSession: true})
	late.send(&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte("will/#")}}})
	late.answers()
	will := &packet.Publish{QoS: packet.QoS1, Topic: []byte("will/mortal"), Payload: []byte{0, 0xff}}
	retained := &packet.Publish{Retain: true, Topic: will.Topic, Payload: will.Payload}
	for _, p := range watcher.delivered {
		p.ID = 0
	}
	if diff := cmp.Diff([]*packet.Publish{will, will}, watcher.delivered); diff != "" {
		t.Errorf("wills (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]*packet.Publish{retained}, late.delivered); diff != "" {
		t.Errorf("retained (-want +got)\n%s", diff)
	}
}

// Mosquitto closes the connection for packets that we refuse to write. Our
// encoder has not written these bytes.
func TestMosquittoHangsUpForWhatWeRefuse(t *testing.T) {
	addr := mosquitto(t)
	for _, wrong := range []string{"36080003612f62000a78", "30050003612f23", "8208000a0003612f6203", "8202000a", "32080003612f62000078"} {
		if o := Decode(unhex(t, wrong)); o.Verdict != Refused {
			t.Errorf("we accept %s", wrong)
		}
		c, _ := connect(t, addr, &packet.Connect{CleanSession: true})
		if _, err := c.conn.Write(unhex(t, wrong)); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
		if p := c.receive(); p != nil {
			t.Errorf("%s is answered with %v", wrong, p)
		}
	}
}
