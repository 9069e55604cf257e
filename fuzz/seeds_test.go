package fuzz

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"example.com/dps/packet"
	"example.com/dps/sastoken"
	"example.com/dps/topic"
)

// vectorPackets returns the valid and the invalid packets of the vectors that
// have at most 2 KiB.
func vectorPackets(t *testing.T) (packets [][]byte) {
	t.Helper()
	text, err := os.ReadFile("../testdata/vectors/mqtt311.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Hex  string
		Fill *json.RawMessage
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		b, err := hex.DecodeString(row.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if row.Fill == nil && len(b) <= 2048 {
			packets = append(packets, b)
		}
	}
	if len(packets) < 100 {
		t.Fatalf("only %d packets", len(packets))
	}
	return packets
}

func TestInvariantsHoldForVectors(t *testing.T) {
	behind := []byte("\x30\x05\x00\x01abc")
	opening := hello(t)
	var all []byte
	for i, b := range vectorPackets(t) {
		checkDecode(t, b)
		checkSplit(t, b, []byte{1}, 0)
		if all = append(all, b...); i%10 == 9 {
			checkSplit(t, all, []byte{3, 200, 0, 1, 130}, 0)
			all = nil
		}
		checkSmuggle(t, b, 3, 0xff, behind)
		checkSmuggle(t, b, uint16(len(b)/2), 0x00, behind)
		checkService(t, b)
		checkService(t, append(bytes.Clone(opening), b...))
	}
}

func TestInvariantsOfPacketsHold(t *testing.T) {
	checkDecode(t, append([]byte("\xa2\x35\x00\x01"), bytes.Repeat([]byte("\x00\x01a"), 17)...)) // a list that grew by doubling used too much memory
	checkSplit(t, []byte("\x30\x80\x01"), []byte{1, 1, 1}, 20)
	checkEncode(t, 1, 0xff, 60, 1, []byte("client"), []byte("will/topic"), []byte("user"), []byte("password"))
	checkEncode(t, 1, 0, 0, 0, []byte(""), []byte(""), []byte(""), []byte(""))
	for typ := range byte(16) {
		checkEncode(t, typ, 0, 1, 1, []byte("a/b"), []byte("+/#"), []byte("é"), []byte{0, 1, 2, 0x80})
		checkEncode(t, typ, 3, 0, 3, []byte("#"), []byte("a\x00"), []byte("\xff"), []byte{})
	}
}

func TestInvariantsOfTheMachineHold(t *testing.T) {
	for _, events := range []string{
		"oqkquqa\x00\x00da\x01\x01l", "oqku" + "a\x02\x03da\x00\x00da\x01\x01l", "okua\x00\x00lda\x01\x01", "ffffffffffff", "gdfgfgogls", "ogbl", "odldodldodl",
		"okur\x04\xd0\x00\xd0\x00a\x00\x05da\x00\x06da\x00\x07", "oku" + "a\x04\x04", "or\x05\x20\x02\x00\x00\x90", "okus", "okua\x00\x00t\xfft\xfft\xff", "okur\x02\xff\xffl",
	} {
		checkMachine(t, []byte(events), false)
		checkMachine(t, []byte(events), true)
	}
	for _, body := range answers {
		checkAnswer(t, []byte(body))
	}
	checkAnswer(t, []byte(` { "status" : "ASSIGNED" , "registrationState" : { "assignedHub" : "é" , "deviceId" : "\ud83d\ude00", "x509": {} , "errorCode":"7"} } `))
}

// hello returns the packets with which a device opens its connection to the
// service.
func hello(t *testing.T) []byte {
	t.Helper()
	b, err := (&packet.Connect{CleanSession: true, ClientID: []byte("dev"), Username: []byte("scope/registrations/dev/api-version=2019-03-31")}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err = (&packet.Subscribe{ID: 1, Subscriptions: []packet.Subscription{{Filter: []byte(topic.ResponseFilter), QoS: 1}}}).AppendBinary(b)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInvariantsOfTheServiceHold(t *testing.T) {
	for _, name := range []string{"PUT/iotdps-register/?$rid=1", "GET/iotdps-get-operationstatus/?$rid=2&operationId=4.0000000000000001.00000000-0000-4000-8000-000000000001", "POST/x/?", "x"} {
		for qos := range packet.QoS(3) {
			p := packet.Publish{QoS: qos, Topic: []byte("$dps/registrations/" + name), Payload: []byte(`{"registrationId":"dev"}`)}
			if qos > 0 {
				p.ID = 7
			}
			b, err := p.AppendBinary(hello(t))
			if err != nil {
				t.Fatal(err)
			}
			checkService(t, b)
		}
	}
	for _, password := range []string{"x", "SharedAccessSignature sr=scope%2Fregistrations%2Fkey&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D&se=1800000000&skn=registration"} {
		b, err := (&packet.Connect{CleanSession: true, ClientID: []byte("key"), Username: []byte("scope/registrations/key/api-version=2019-03-31"), Password: []byte(password)}).AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		checkService(t, b)
	}
}

func TestInvariantsOfTopicsHold(t *testing.T) {
	for _, name := range []string{
		"",
		topic.ResponseFilter,
		"$dps/registrations/PUT/iotdps-register/?$rid=1",
		"$dps/registrations/PUT/iotdps-register/?rid=1",
		"$dps/registrations/put/IOTDPS-register/?$rid=a%2fb+c&$rid=2&operationId",
		"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationId=5.a/b+c d&e=f%2F",
		"$dps/registrations/POST/iotdps-get-deviceupdate/?operationId=%&$rid=1",
		"$dps/registrations/res/202/?$rid=&retry-after=3",
		"$dps/registrations/res/202/?retry-after=1&$rid=1&x=%24y",
		"$dps/registrations/res/429/?a&&b&Retry-After=-1&=c&$RID=%c3%A9&d&retry-after=2",
		"$dps/registrations/res/503/?$rid=1&retry-after=9223372037",
		"$dps/registrations/res/200/?$rid=%4",
		"$dps/registrations/res/600/?$rid=1",
	} {
		checkTopic(t, []byte(name))
	}
}

func TestInvariantsOfTokensHold(t *testing.T) {
	signed, err := sastoken.Sign([]byte("password"), "uri", "encode('Me')", time.Unix(12345, 0)).AppendPassword(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		string(signed),
		"",
		"SharedAccessSignature ",
		"SharedAccessSignature sr=uri&sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk%3d&skn=&se=12345",
		"SharedAccessSignature sig=kcWxXAK2OAaAoq2oCkaGzX2NMqDB8nCyNuq2fPYCDhk=&se=12345&skn=a+b%00&sr=uri",
		"SharedAccessSignature sr=a/registrations/b&skn=registration&sig=hwgBlMB6G2Zg5ZcYtwmtLVKRbifiSCPfUMyscbVWa8o=&se=253402300799",
		"SharedAccessSignature sr=a%2fregistrations%2Fb+c&sig=nfgjIUfmDHBv8oCGcLAcWu2fieJcGyogj/8V3iBMPHo%3D&se=1&x=%41&=",
		"SharedAccessSignature sr=a&sig=nfgjIUfmDHBv8oCGcLAcWu2fieJcGyogj/8V3iBMPHo%3D&se=01",
		"SharedAccessSignature sr=a&sr=a&sig=%0A&se=-1&skn=%4",
	} {
		checkSASToken(t, []byte(text))
	}
}
