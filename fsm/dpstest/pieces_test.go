package dpstest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/packet"
	"pgregory.net/rapid"
)

// The pieces in which bytes arrive make no difference to a connection, whenever
// they arrive: before, at, or after a deadline.
func TestPiecesMakeNoDifference(t *testing.T) {
	packets := []packet.Packet{
		connect(), subscribe(0), subscribe(1), subscribe(2), &packet.Pingreq{}, &packet.Pingresp{}, &packet.Disconnect{}, &packet.Pubrec{ID: 1},
		publish(registerT, 0, 0, ""), publish(registerT, 1, 2, "{"), publish(registerT, 2, 3, ""), &packet.Pubrel{ID: 3},
		publish("GET/iotdps-get-operationstatus/?$rid=2&operationId=4.0000000000000001.00000000-0000-4000-8000-000000000001", 1, 4, " "),
	}
	rapid.Check(t, func(t *rapid.T) {
		var faults []dpstest.Fault
		for _, at := range steps() {
			f := dpstest.Fault{At: at, Nth: rapid.IntRange(0, 2).Draw(t, "nth"), Delay: float64(rapid.SampledFrom([]int{0, 0, 45, 90}).Draw(t, "delay")),
				HangUpAfter: rapid.IntRange(0, 9).Draw(t, "hang up") == 0}
			if f.Delay > 0 || f.HangUpAfter {
				faults = append(faults, f)
			}
		}
		steps := []int{0} // indexes of packets; the first is the CONNECT
		waits := []time.Duration{0}
		for range rapid.IntRange(1, 12).Draw(t, "packets") {
			steps = append(steps, rapid.IntRange(0, len(packets)-1).Draw(t, "packet"))
			waits = append(waits, time.Duration(rapid.SampledFrom([]int{0, 0, 1, 45, 89, 90, 91}).Draw(t, "wait"))*time.Second)
		}
		play := func(size int) (log string) {
			c, now := newService(t, device(dpstest.Outcome{Polls: 1}, faults...)).Open(start, nil), start
			for i, step := range steps {
				now = now.Add(waits[i])
				b, err := packets[step].AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				var out []byte
				for piece := range slices.Chunk(b, min(size, len(b))) {
					c.Receive(now, piece)
					out = c.AppendOutput(out)
				}
				log += fmt.Sprintf("%x %t %v\n", out, c.Hungup(), c.Deadline())
			}
			return log
		}
		if whole, split := play(1<<20), play(rapid.IntRange(1, 5).Draw(t, "size")); whole != split {
			t.Errorf("whole:\n%s\nsplit:\n%s", whole, split)
		}
	})
}

func TestLatePacketDoesNotRevive(t *testing.T) { // "MQTT-3.1.2-24"
	p := newPeer(t, newService(t, device(dpstest.Outcome{})))
	p.say(connect())
	p.now = start.Add(90 * time.Second)
	p.expect(p.say(&packet.Pingreq{}), true)
}

func TestDelayedConnackComesFirst(t *testing.T) { // "MQTT-3.2.0-1"
	p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnConnect, Delay: 5})))
	p.expect(p.say(connect(), subscribe(1), &packet.Pingreq{}), false)
	p.c.Advance(start.Add(5 * time.Second))
	p.expect(p.heard(), false, "CONNACK", "SUBACK", "PINGRESP")
}

func TestRefusalIsDeliveredLate(t *testing.T) { // "MQTT-3.1.4-5"
	p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnConnect, ReturnCode: 3, Delay: 40})))
	p.expect(p.say(connect(), subscribe(1), connect()), false)
	if d := p.c.Deadline().Sub(start); d != 40*time.Second {
		t.Errorf("deadline after %v", d)
	}
	p.c.Advance(start.Add(40 * time.Second))
	p.expect(p.heard(), true, "CONNACK server unavailable")
}

func TestDelayedAnswersComeInTheirOrder(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{},
		dpstest.Fault{At: dpstest.OnRegister, Nth: 1, Delay: 10}, dpstest.Fault{At: dpstest.OnRegister, Nth: 2, Delay: 5})))
	p.say(connect(), subscribe(0))
	p.expect(p.say(publish("PUT/iotdps-register/?$rid=a", 0, 0, ""), publish("PUT/iotdps-register/?$rid=b", 0, 0, "")), false)
	if d := p.c.Deadline().Sub(start); d != 5*time.Second {
		t.Errorf("deadline after %v", d)
	}
	p.c.Advance(start.Add(20 * time.Second))
	p.expect(p.heard(), false, `PUBLISH qos=0 topic="$dps/registrations/res/202/?$rid=b&`, `PUBLISH qos=0 topic="$dps/registrations/res/202/?$rid=a&`)
}

// Output that is due after the connection has been silent for too long is not
// sent.
func TestSilenceComesBeforeLaterAnswers(t *testing.T) {
	p := newPeer(t, newService(t, device(dpstest.Outcome{}, dpstest.Fault{At: dpstest.OnRegister, Delay: 100})))
	p.say(connect(), subscribe(0), publish(registerT, 0, 0, ""))
	p.c.Advance(start.Add(time.Hour))
	p.expect(p.heard(), true)
}

func TestMessageSize(t *testing.T) {
	for size, hungup := range map[int]bool{95 << 10: false, 98 << 10: true} {
		p := newPeer(t, newService(t, device(dpstest.Outcome{})))
		p.say(connect(), subscribe(0))
		p.say(publish(registerT, 0, 0, `{"payload":{"a":"`+strings.Repeat("x", size)+`"}}`))
		if p.c.Hungup() != hungup {
			t.Errorf("%d bytes: hung up %t, want %t", size, p.c.Hungup(), hungup)
		}
	}
}
