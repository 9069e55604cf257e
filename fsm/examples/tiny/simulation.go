package main

import (
	"errors"
	"time"

	"example.com/dps/packet"
	"example.com/dps/topic"
)

// The service's answers to successive requests.
const (
	assignedHub = "hub.azure-devices.example"
	assigning   = `{"operationId":"4.d0a671905ea5b2c8.e7173b7b-0e54-4aa0-9d20-aeb1b89e6c7d","status":"assigning"}`
	assigned    = `{"operationId":"4.d0a671905ea5b2c8.e7173b7b-0e54-4aa0-9d20-aeb1b89e6c7d","status":"assigned",` +
		`"registrationState":{"registrationId":"` + registrationID + `","deviceId":"` + registrationID + `",` +
		`"assignedHub":"` + assignedHub + `","status":"assigned","substatus":"initialAssignment"}}`
)

var answers = []struct {
	status int
	body   string
}{{202, assigning}, {202, assigning}, {200, assigned}}

// A simulation is a board in virtual time whose modem is connected to a minimal
// service: it accepts any password and answers each request with the next
// element of answers.
type simulation struct {
	time     time.Time
	sent     packet.Splitter // the bytes that the device sent
	queue    []byte          // the bytes that the device has not read yet
	requests int
	packetID uint16
}

func newSimulation() *simulation {
	return &simulation{time: time.Unix(1_800_000_000, 0)}
}

func (s *simulation) now() time.Time        { return s.time }
func (s *simulation) sleep(d time.Duration) { s.time = s.time.Add(max(d, 0)) }

func (s *simulation) dial() error {
	s.sent.Reset()
	s.queue = s.queue[:0]
	return nil
}

func (s *simulation) hangUp() {}

func (s *simulation) read(p []byte) (int, error) {
	n := copy(p, s.queue)
	s.queue = s.queue[:copy(s.queue, s.queue[n:])]
	return n, nil
}

func (s *simulation) write(p []byte) error {
	s.sent.Feed(p)
	for {
		f, err := s.sent.Next()
		if err == packet.ErrShort {
			return nil
		}
		if err == nil {
			err = s.receive(f)
		}
		if err != nil {
			return err
		}
	}
}

// receive answers a packet that the device sent.
func (s *simulation) receive(f packet.Frame) error {
	switch f.Type {
	case packet.CONNECT:
		return s.send(&packet.Connack{})
	case packet.PINGREQ:
		return s.send(&packet.Pingresp{})
	case packet.SUBSCRIBE:
		var p packet.Subscribe
		if err := p.Decode(f); err != nil {
			return err
		}
		return s.send(&packet.Suback{ID: p.ID, ReturnCodes: []byte{byte(packet.QoS1)}})
	case packet.PUBLISH:
		var p packet.Publish
		if err := p.Decode(f); err != nil {
			return err
		}
		if err := s.send(&packet.Puback{ID: p.ID}); err != nil {
			return err
		}
		return s.answer(p.Topic)
	}
	return nil // PUBACK, DISCONNECT
}

// answer answers a request. The answer repeats the $rid of the request.
func (s *simulation) answer(name []byte) error {
	request, err := topic.ParseRequest(name)
	if err != nil {
		return err
	}
	if s.requests == len(answers) {
		return errors.New("there are no more answers")
	}
	a := answers[s.requests]
	s.requests++
	r := topic.Response{Status: a.status, RequestID: request.RequestID}
	if a.status == 202 {
		r.RetryAfter, r.HasRetryAfter = 3*time.Second, true
	}
	name, err = r.AppendText(nil)
	if err != nil {
		return err
	}
	s.packetID++
	return s.send(&packet.Publish{QoS: packet.QoS1, ID: s.packetID, Topic: name, Payload: []byte(a.body)})
}

func (s *simulation) send(p packet.Packet) (err error) {
	s.queue, err = p.AppendBinary(s.queue)
	return err
}
