package peers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"example.com/dps/packet"
	"github.com/at-wat/mqtt-go"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The codec of github.com/at-wat/mqtt-go is not exported, but its client is. In
// a session with every operation of a client, we read what it sends, and it
// accepts what our server sends.
func TestAtwatClientHoldsASessionWithOurCodec(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var messages []mqtt.Message
	ended := make(chan error, 1)
	go func() { ended <- atwatSession(l.Addr().String(), &messages) }()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, conn)
	var got []packet.Packet
	for p := s.receive(); p != nil; p = s.receive() {
		got = append(got, p)
		serve(s, p)
	}
	if err := <-ended; err != nil {
		t.Fatalf("%v, after %v", err, got)
	}
	ids := gocmp.Options{ // chosen by the client; those of answers are ours
		cmpopts.IgnoreFields(packet.Publish{}, "ID"), cmpopts.IgnoreFields(packet.Subscribe{}, "ID"),
		cmpopts.IgnoreFields(packet.Unsubscribe{}, "ID"), cmpopts.IgnoreFields(packet.Pubrel{}, "ID"),
	}
	// The client's answers to our messages may overtake its own messages.
	byType := func(a, b packet.Packet) int { return cmp.Compare(a.Type(), b.Type()) }
	want := atwatPackets()
	slices.SortStableFunc(want, byType)
	slices.SortStableFunc(got, byType)
	if diff := gocmp.Diff(want, got, ids); diff != "" {
		t.Errorf("we read (-want +got)\n%s", diff)
	}
	var echoes []mqtt.Message
	for qos := range mqtt.QoS2 + 1 {
		m := mqtt.Message{Topic: "a/b", QoS: qos, Payload: []byte{0, 0xff}}
		if qos > 0 {
			m.ID = 7
		}
		echoes = append(echoes, m)
	}
	if diff := gocmp.Diff(echoes, messages); diff != "" {
		t.Errorf("the client accepted (-want +got)\n%s", diff)
	}
}

// serve answers p as a server does and sends every message back.
func serve(s *session, p packet.Packet) {
	switch p := p.(type) {
	case *packet.Connect:
		s.send(&packet.Connack{SessionPresent: true})
	case *packet.Subscribe:
		s.send(&packet.Suback{ID: p.ID, ReturnCodes: []byte{0, 1, packet.SubackFailure}})
	case *packet.Publish:
		echo := *p
		if p.QoS > 0 {
			echo.ID = 7
		}
		s.send(&echo)
		switch p.QoS {
		case packet.QoS1:
			s.send(&packet.Puback{ID: p.ID})
		case packet.QoS2:
			s.send(&packet.Pubrec{ID: p.ID})
		}
	case *packet.Pubrec:
		s.send(&packet.Pubrel{ID: p.ID})
	case *packet.Pubrel:
		s.send(&packet.Pubcomp{ID: p.ID})
	case *packet.Unsubscribe:
		s.send(&packet.Unsuback{ID: p.ID})
	case *packet.Pingreq:
		s.send(&packet.Pingresp{})
	}
}

// atwatSession runs the client's side of the session.
func atwatSession(addr string, messages *[]mqtt.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	c := &mqtt.BaseClient{Transport: conn}
	delivered := make(chan struct{}, 3)
	c.Handle(mqtt.HandlerFunc(func(m *mqtt.Message) {
		*messages = append(*messages, *m)
		delivered <- struct{}{}
	}))
	present, err := c.Connect(ctx, "client", mqtt.WithUserNamePassword("user", "\xff\x00"), mqtt.WithKeepAlive(60),
		mqtt.WithWill(&mqtt.Message{Topic: "will", QoS: mqtt.QoS1, Retain: true, Payload: []byte("gone")}))
	if err != nil || !present {
		return fmt.Errorf("connect: session present %t, %w", present, err)
	}
	granted, err := c.Subscribe(ctx, mqtt.Subscription{Topic: "a/+"}, mqtt.Subscription{Topic: "a/#", QoS: mqtt.QoS1}, mqtt.Subscription{Topic: "#", QoS: mqtt.QoS2})
	if err != nil || granted[2].QoS != mqtt.SubscribeFailure {
		return fmt.Errorf("subscribe: %v, %w", granted, err)
	}
	for qos := range mqtt.QoS2 + 1 {
		if err := c.Publish(ctx, &mqtt.Message{Topic: "a/b", QoS: qos, Payload: []byte{0, 0xff}}); err != nil {
			return err
		}
		select {
		case <-delivered:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(c.Unsubscribe(ctx, "a/+", "#"), c.Ping(ctx), c.Disconnect(ctx))
}

// atwatPackets returns the packets that the client sends in its session.
func atwatPackets() []packet.Packet {
	publish := func(qos packet.QoS) packet.Packet {
		return &packet.Publish{QoS: qos, Topic: []byte("a/b"), Payload: []byte{0, 0xff}}
	}
	return []packet.Packet{
		&packet.Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, KeepAlive: 60, ClientID: []byte("client"),
			Username: []byte("user"), Password: packet.Secret("\xff\x00"),
			Will: &packet.Will{Topic: []byte("will"), Message: []byte("gone"), QoS: packet.QoS1, Retain: true}},
		&packet.Subscribe{Subscriptions: []packet.Subscription{
			{Filter: []byte("a/+")}, {Filter: []byte("a/#"), QoS: packet.QoS1}, {Filter: []byte("#"), QoS: packet.QoS2}}},
		publish(packet.QoS0), publish(packet.QoS1), &packet.Puback{ID: 7},
		publish(packet.QoS2), &packet.Pubrec{ID: 7}, &packet.Pubrel{}, &packet.Pubcomp{ID: 7},
		&packet.Unsubscribe{Filters: [][]byte{[]byte("a/+"), []byte("#")}}, &packet.Pingreq{}, &packet.Disconnect{},
	}
}
