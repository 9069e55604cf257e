package packet_test

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/dps/packet"
)

// fields holds the fields of a vector, for all packet types.
type fields struct {
	Stream         []string
	SessionPresent bool              `json:"session_present"`
	ReturnCode     packet.ReturnCode `json:"return_code"`

	CleanSession bool    `json:"clean_session"`
	KeepAlive    uint16  `json:"keep_alive"`
	ClientID     *string `json:"client_id"`
	ClientIDFill fill    `json:"client_id_fill"`
	Username     *string
	PasswordHex  *string `json:"password_hex"`
	PasswordFill fill    `json:"password_fill"`
	Will         *struct {
		Topic      string
		MessageHex string `json:"message_hex"`
		PayloadHex string `json:"payload_hex"`
		QoS        packet.QoS
		Retain     bool
	}

	Topic       string
	TopicFill   fill `json:"topic_fill"`
	QoS         packet.QoS
	Retain, Dup bool
	PacketID    uint16 `json:"packet_id"`
	PayloadHex  string `json:"payload_hex"`
	PayloadFill fill   `json:"payload_fill"`

	Subscriptions []struct {
		Filter string
		QoS    packet.QoS
	}
	SubscriptionsFill []fill   `json:"subscriptions_fill"`
	ReturnCodes       []uint16 `json:"return_codes"`
	ReturnCodesFill   fill     `json:"return_codes_fill"`
	Filters           []string
	FiltersFill       []fill `json:"filters_fill"`
}

// want returns the packets that the bytes of the vector encode.
func (v vector) want(t *testing.T) []packet.Packet {
	var f fields
	if err := json.Unmarshal(v.Fields, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Stream) == 0 {
		return []packet.Packet{f.packet(v.Type)}
	}
	var all []packet.Packet
	for _, typ := range f.Stream {
		switch typ {
		case "CONNACK":
			all = append(all, &packet.Connack{})
		case "PUBLISH":
			all = append(all, &packet.Publish{Topic: []byte("a/b"), Payload: []byte("x")})
		default:
			all = append(all, f.packet(typ))
		}
	}
	return all
}

func (f fields) packet(typ string) packet.Packet {
	switch typ {
	case "CONNECT":
		return f.connect()
	case "CONNACK":
		return &packet.Connack{SessionPresent: f.SessionPresent, ReturnCode: f.ReturnCode}
	case "PUBLISH":
		return &packet.Publish{Dup: f.Dup, QoS: f.QoS, Retain: f.Retain, ID: f.PacketID,
			Topic: append([]byte(f.Topic), f.TopicFill.bytes()...), Payload: append(unhex(f.PayloadHex), f.PayloadFill.bytes()...)}
	case "PUBACK":
		return &packet.Puback{ID: f.PacketID}
	case "PUBREC":
		return &packet.Pubrec{ID: f.PacketID}
	case "PUBREL":
		return &packet.Pubrel{ID: f.PacketID}
	case "PUBCOMP":
		return &packet.Pubcomp{ID: f.PacketID}
	case "SUBSCRIBE":
		p := &packet.Subscribe{ID: f.PacketID}
		for _, s := range f.Subscriptions {
			p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: []byte(s.Filter), QoS: s.QoS})
		}
		for _, s := range f.SubscriptionsFill {
			p.Subscriptions = append(p.Subscriptions, packet.Subscription{Filter: s.bytes(), QoS: s.QoS})
		}
		return p
	case "SUBACK":
		p := &packet.Suback{ID: f.PacketID}
		for _, c := range f.ReturnCodes {
			p.ReturnCodes = append(p.ReturnCodes, byte(c))
		}
		for range f.ReturnCodesFill.Count {
			p.ReturnCodes = append(p.ReturnCodes, f.ReturnCodesFill.Code)
		}
		return p
	case "UNSUBSCRIBE":
		p := &packet.Unsubscribe{ID: f.PacketID}
		for _, s := range f.Filters {
			p.Filters = append(p.Filters, []byte(s))
		}
		for _, s := range f.FiltersFill {
			p.Filters = append(p.Filters, s.bytes())
		}
		return p
	case "UNSUBACK":
		return &packet.Unsuback{ID: f.PacketID}
	case "PINGREQ":
		return &packet.Pingreq{}
	case "PINGRESP":
		return &packet.Pingresp{}
	case "DISCONNECT":
		return &packet.Disconnect{}
	}
	panic("no such type: " + strings.ToUpper(typ))
}

func (f fields) connect() *packet.Connect {
	p := &packet.Connect{ProtocolName: []byte("MQTT"), ProtocolLevel: 4, CleanSession: f.CleanSession, KeepAlive: f.KeepAlive,
		ClientID: f.ClientIDFill.bytes()}
	if f.ClientID != nil {
		p.ClientID = []byte(*f.ClientID)
	}
	if w := f.Will; w != nil {
		p.Will = &packet.Will{Topic: []byte(w.Topic), Message: unhex(w.MessageHex + w.PayloadHex), QoS: w.QoS, Retain: w.Retain}
	}
	if f.Username != nil {
		p.Username = []byte(*f.Username)
	}
	if f.PasswordHex != nil {
		p.Password = unhex(*f.PasswordHex)
	}
	if f.PasswordFill.Count > 0 {
		p.Password = f.PasswordFill.bytes()
	}
	return p
}
