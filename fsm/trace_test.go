package fsm_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/packet"
	"github.com/google/go-cmp/cmp"
)

// traced appends the trace of a machine to lines, one line for each event.
func traced(lines *[]string) func(*fsm.Config) {
	return func(c *fsm.Config) {
		c.Trace = func(e fsm.Event) {
			line := e.Kind.String()
			if e.Packet != nil {
				line = fmt.Sprintf("%s %.48v", line, e.Packet)
			}
			if e.Note != "" {
				line += ": " + e.Note
			}
			*lines = append(*lines, line)
		}
	}
}

// The trace has every packet in both directions and the end.
func TestTraceIsComplete(t *testing.T) {
	var got []string
	b := newBench(t, traced(&got))
	b.open()
	b.receive(&packet.Connack{SessionPresent: true}, &packet.Suback{ID: 1, ReturnCodes: []byte{1}})
	b.answer(202, "1", "&retry-after=100", assigning)
	b.answer(202, "1", "", assigning)
	b.receive(&packet.Publish{Topic: []byte("a/b"), QoS: packet.QoS2, ID: 9})
	b.sleep(time.Minute)
	b.receive(&packet.Pingresp{}, &packet.Puback{ID: 2}, &packet.Pubrel{ID: 9})
	b.sleepToDeadline()
	b.receive(message("200/?$rid=9", ""))
	b.answer(429, "2", "", "")
	b.m.Stop(b.now)
	want := []string{
		`sent CONNECT client="dev-1" user="0ne00000A1B/registr`, "received CONNACK accepted, session present true",
		`sent SUBSCRIBE id=1 "$dps/registrations/res/#" (QoS 1`, "received SUBACK id=1 codes=01",
		`sent PUBLISH id=2 qos=1 topic="$dps/registrations/PUT`, `received PUBLISH id=7 qos=1 topic="$dps/registrations/res`,
		"sent PUBACK id=7", "wait: the service asked for 1m40s",
		`received PUBLISH id=7 qos=1 topic="$dps/registrations/res`, "sent PUBACK id=7", "ignored: no request is open",
		`received PUBLISH id=9 qos=2 topic="a/b" payload=0 bytes`, "sent PUBREC id=9", "ignored: its topic is not that of an answer",
		"sent PINGREQ", "received PINGRESP", "received PUBACK id=2", "received PUBREL id=9", "sent PUBCOMP id=9",
		`sent PUBLISH id=3 qos=1 topic="$dps/registrations/GET`,
		`received PUBLISH id=7 qos=1 topic="$dps/registrations/res`, "sent PUBACK id=7", "ignored: its $rid is not that of the open request",
		`received PUBLISH id=7 qos=1 topic="$dps/registrations/res`, "sent PUBACK id=7", "retry",
		"end", "sent DISCONNECT",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefusalIsTraced(t *testing.T) {
	var got []string
	b := newBench(t, traced(&got))
	b.open()
	b.receive(&packet.Connack{ReturnCode: packet.NotAuthorized})
	want := []string{`sent CONNECT client="dev-1" user="0ne00000A1B/registr`, "received CONNACK not authorized, session present false", "end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The trace of the end has the error of Result.
func TestEndIsTraced(t *testing.T) {
	var end fsm.Event
	b := newBench(t, func(c *fsm.Config) {
		c.Trace = func(e fsm.Event) {
			if e.Kind == fsm.EventEnd {
				end = e
			}
		}
	})
	b.connect()
	b.answer(401, "1", "", "")
	if _, err := b.m.Result(); end.Kind != fsm.EventEnd || end.Err != err || end.State != fsm.Closing {
		t.Errorf("traced %+v, result %v", end, err)
	}
}

// The trace of each failure has its error and the time of the next attempt.
func TestRetriesAreTraced(t *testing.T) {
	var retries []fsm.Event
	b := newBench(t, func(c *fsm.Config) {
		c.Trace = func(e fsm.Event) {
			if e.Kind == fsm.EventRetry {
				retries = append(retries, e)
			}
		}
	})
	b.m.DialFailed(b.now, io.EOF)
	b.sleepToDeadline()
	b.connect()
	b.answer(503, "1", "&retry-after=9", "")
	b.sleep(time.Second)
	b.m.Lost(b.now, io.EOF)
	b.m.DialFailed(b.now, nil)
	b.sleep(time.Second)
	b.open()
	b.m.Lost(b.now, nil)
	for i, want := range []struct {
		at, until time.Duration
		state     fsm.State
		err       string
	}{
		{0, time.Second, fsm.Idle, "registration: dialing: no connection: EOF"},
		{time.Second, 10 * time.Second, fsm.Waiting, "registration: refused with status 503"},
		{2 * time.Second, 10 * time.Second, fsm.Idle, "registration: waiting: connection lost: EOF"},
		{2 * time.Second, 10 * time.Second, fsm.Idle, "registration: dialing: no connection"},
		{3 * time.Second, 19 * time.Second, fsm.Idle, "registration: connecting: connection lost"},
	} {
		e := retries[i]
		if e.Time.Sub(start) != want.at || e.Until.Sub(start) != want.until || e.State != want.state || e.Err == nil || e.Err.Error() != want.err {
			t.Errorf("%d: %+v, want %+v", i, e, want)
		}
	}
	if len(retries) != 5 {
		t.Errorf("%d retries", len(retries))
	}
}
