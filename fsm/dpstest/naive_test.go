package dpstest_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/dps/packet"
)

// Each mistake in the CONNECT is diagnosed, and a client without a bug gets no
// diagnosis.
func TestNaiveConnections(t *testing.T) {
	username := func(name string) func(*naive) { return func(n *naive) { n.connect.Username = []byte(name) } }
	for name, b := range map[string]bug{
		"none":                      {func(*naive) {}, "", ""},
		"none, QoS 0":               {func(n *naive) { n.qos, n.register.QoS, n.query.QoS = 0, 0, 0 }, "", ""},
		"HTTP":                      {func(n *naive) { n.raw = "GET /$iothub/websocket HTTP/1.1\r\n\r\n" }, "not-connect at ", "this is HTTP"},
		"TLS":                       {func(n *naive) { n.raw = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" }, "not-connect at ", "TLS"},
		"a byte of TLS":             {func(n *naive) { n.raw = "\x16" }, "violation at ", "[MQTT-2.2.2-2]"},
		"two bytes of TLS":          {func(n *naive) { n.raw = "\x16\x03" }, "not-connect at ", "TLS"},
		"other bytes":               {func(n *naive) { n.raw = "\x16\x04" }, "violation at ", "[MQTT-2.2.2-2]"},
		"POST":                      {func(n *naive) { n.raw = "POST / HTTP/1.1\r\n" }, "not-connect at ", "this is HTTP"},
		"CONNECT of HTTP":           {func(n *naive) { n.raw = "CONNECT a:443 HTTP/1.1\r\n" }, "not-connect at ", "this is HTTP"},
		"no CONNECT":                {func(n *naive) { n.raw = "\xc0\x00" }, "not-connect at ", "the first packet is PINGREQ [MQTT-3.1.0-1]"},
		"MQTT 5":                    {func(n *naive) { n.raw = "\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00" }, "protocol-level at ", "the CONNECT is for MQTT 5, but the service speaks only MQTT 3.1.1: set the protocol version of the client to 4, which is 3.1.1 [MQTT-3.1.2-1, MQTT-3.1.2-2]"},
		"MQTT 3.1":                  {func(n *naive) { n.raw = "\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00" }, "protocol-level at ", "is for MQTT 3.1,"},
		"level 3":                   {func(n *naive) { n.raw = "\x10\x0c\x00\x04MQTT\x03\x02\x00\x3c\x00\x00" }, "protocol-level at ", "protocol level 3"},
		"reserved flag":             {func(n *naive) { n.raw = "\x10\x0c\x00\x04MQTT\x04\x03\x00\x3c\x00\x00" }, "violation at ", "[MQTT-3.1.2-3]"},
		"half a CONNECT":            {func(n *naive) { n.raw = "\x10\x0c\x00\x04MQTT" }, "no-disconnect at ", "in the middle of a packet, after 8 bytes of it: check its Remaining Length"},
		"no user name":              {func(n *naive) { n.connect.Username, n.connect.Password = nil, nil }, "username at CONNECT", "there is no user name: expected"},
		"user name of a hub":        {username("h.azure-devices.net/dev-1/?api-version=2021-04-12"), "username-hub at CONNECT", "h.azure-devices.net"},
		"user name of a hub, bare":  {username("h.azure-devices.net/dev-1"), "username-hub at CONNECT", "h.azure-devices.net"},
		"user name of two parts":    {username("a/b.c"), "username at CONNECT", `the user name is "a/b.c"`},
		"dot in the scope":          {username("0ne.1/registrations/x/y/z"), "username at CONNECT", `the user name is "0ne.1/registrations/x/y/z"`},
		"user name of a scope hub":  {username(scope + "/dev-1/?api-version=2019-03-31"), "username-hub at CONNECT", "expected"},
		"encoded user name":         {username(scope + "%2Fregistrations%2Fdev-1%2Fapi-version%3D2019-03-31"), "username-encoded at CONNECT", "percent-encoded"},
		"other user name":           {username("dev-1"), "username at CONNECT", `the user name is "dev-1": expected "0ne00000A1B/registrations/{registrationId}/api-version=2019-03-31"`},
		"question mark":             {username(scope + "/registrations/dev-1/?api-version=2019-03-31"), "username at CONNECT", `has "?api-version=2019-03-31" where`},
		"& for a slash":             {username(scope + "/registrations/dev-1&api-version=2019-03-31"), "username at CONNECT", `has "&api-version=" where "/api-version=" belongs`},
		"no api-version":            {username(scope + "/registrations/dev-1"), "api-version at CONNECT", "without an api-version"},
		"empty api-version part":    {username(scope + "/registrations/dev-1/"), "api-version at CONNECT", "without an api-version"},
		"empty api-version":         {username(scope + "/registrations/dev-1/api-version="), "api-version at CONNECT", `is "", and the service answers with 400`},
		"unknown api-version":       {username(scope + "/registrations/dev-1/api-version=2020-01-01"), "api-version at CONNECT", "is unknown"},
		"other scope":               {username("0ne00000000/registrations/dev-1/api-version=2019-03-31"), "id-scope at CONNECT", `"0ne00000000", expected "0ne00000A1B"`},
		"scope in a different case": {username(strings.ToLower(scope) + "/registrations/dev-1/api-version=2019-03-31"), "id-scope at CONNECT", "expected"},
		"other client ID":           {func(n *naive) { n.connect.ClientID = []byte("client") }, "client-id at CONNECT", `"client", but the registration ID in the user name is "dev-1"`},
		"empty client ID":           {func(n *naive) { n.connect.ClientID = nil }, "client-id at CONNECT", `the client ID is ""`},
		"bad registration ID": {func(n *naive) {
			n.connect.ClientID, n.connect.Username = []byte("a b"), []byte(scope+"/registrations/a b/api-version=2019-03-31")
		}, "registration-id at CONNECT", `"a b"`},
		"clean session 0": {func(n *naive) { n.connect.CleanSession = false }, "clean-session at CONNECT", "set it to 1"},
		"a will":          {func(n *naive) { n.connect.Will = &packet.Will{Topic: []byte("t")} }, "will at CONNECT", `"t"`},
	} {
		t.Run(name, b.check)
	}
}

// Each mistake in a request is diagnosed.
func TestNaiveRequests(t *testing.T) {
	body := func(b string) func(*naive) { return func(n *naive) { n.register.Payload = []byte(b) } }
	topic := func(name string) func(*naive) {
		return func(n *naive) { n.register.Topic = []byte("$dps/registrations/" + name) }
	}
	for name, b := range map[string]bug{
		"no subscription": {func(n *naive) { n.filter = "" }, "no-subscription at PUBLISH", "wait for the SUBACK before the first request"},
		"other filter":    {func(n *naive) { n.filter = "$dps/registrations/res/202/#" }, "filter at SUBSCRIBE, no-subscription at PUBLISH", `"$dps/registrations/res/202/#"`},
		"all topics":      {func(n *naive) { n.filter = "#" }, "filter at SUBSCRIBE, no-subscription at PUBLISH", "grants"},
		"topic of a hub":  {func(n *naive) { n.register.Topic = []byte("devices/dev-1/messages/events/") }, "topic at PUBLISH", "this is a topic of an IoT hub"},
		"no slash":        {topic("PUT/iotdps-register?$rid=1"), "topic at PUBLISH", `with a slash before the "?"`},
		"shell, topic":    {func(n *naive) { n.register.Topic = []byte("/registrations/PUT/iotdps-register/?=1") }, "topic at PUBLISH", "a shell expands $dps"},
		"shell, $rid":     {topic("PUT/iotdps-register/?=1"), "no-rid at PUBLISH", "a shell expands"},
		"encoded topic":   {func(n *naive) { n.register.Topic = []byte("%24dps/registrations/PUT/iotdps-register/?%24rid=1") }, "topic at PUBLISH", "without percent-encoding"},
		"$DPS":            {func(n *naive) { n.register.Topic = []byte("$DPS/Registrations/PUT/iotdps-register/?$rid=1") }, "topic at PUBLISH", "in lower case"},
		"no properties":   {topic("PUT/iotdps-register/"), "topic at PUBLISH", `with "/?" and $rid at the end`},
		"put":             {topic("put/iotdps-register/?$rid=1"), "operation at PUBLISH", `the operation in a different case, which the real service may refuse: write "PUT/iotdps-register"`},
		"operationID": {func(n *naive) {
			n.query.Topic = bytes.Replace(n.query.Topic, []byte("operationId"), []byte("operationID"), 1)
		}, "operation-id at PUBLISH", `operationId in a different case`},
		"an extra slash":     {func(n *naive) { n.register.Topic = append([]byte("/"), n.register.Topic...) }, "topic at PUBLISH", "without a slash at the beginning"},
		"other operation":    {topic("PUT/iotdps-enroll/?$rid=1"), "operation at PUBLISH", "PUT/iotdps-enroll"},
		"other verb":         {topic("POST/iotdps-register/?$rid=1"), "operation at PUBLISH", "POST/iotdps-register"},
		"no $rid":            {topic("PUT/iotdps-register/?"), "no-rid at PUBLISH", "?$rid={id}"},
		"empty $rid":         {topic("PUT/iotdps-register/?$rid="), "no-rid at PUBLISH", "is empty"},
		"rid":                {topic("PUT/iotdps-register/?rid=1"), "rid-name at PUBLISH", `ends with "?rid=1", where "?$rid={id}" is expected`},
		"$Rid":               {topic("PUT/iotdps-register/?$Rid=1"), "rid-name at PUBLISH", "in a different case"},
		"%24rid":             {topic("PUT/iotdps-register/?%24rid=1"), "rid-name at PUBLISH", "%24rid"},
		"MESSAGE_ID":         {topic("PUT/iotdps-register/?MESSAGE_ID=1"), "rid-name at PUBLISH", "MESSAGE_ID"},
		"{rid}":              {topic("PUT/iotdps-register/?{rid}=1"), "rid-name at PUBLISH", "{rid}"},
		"another property":   {topic("PUT/iotdps-register/?grid=1"), "no-rid at PUBLISH", "grid"},
		"$request-id":        {topic("PUT/iotdps-register/?$request-id=1"), "rid-name at PUBLISH", "$request-id"},
		"$rid twice":         {func(n *naive) { n.register.Topic = []byte("$dps/registrations/PUT/iotdps-register/?$rid=2") }, "rid-again at PUBLISH", `$rid "2"`},
		"long $rid":          {topic("PUT/iotdps-register/?$rid=" + strings.Repeat("1", 257)), "violation at PUBLISH", "the limit is 256"},
		"not JSON":           {body("registrationId=dev-1"), "body-form at PUBLISH", `begins with "registration"`},
		"broken JSON":        {body(`{"registrationId":`), "body-form at PUBLISH", "not JSON"},
		"single quotes":      {body(`{'registrationId':'dev-1'}`), "body-form at PUBLISH", "double quotes"},
		"zero byte":          {body("{\"registrationId\":\"dev-1\"}\x00"), "body-form at PUBLISH", "zero byte"},
		"trailing comma":     {body("{\"registrationId\":\"dev-1\",\n}"), "body-form at PUBLISH", "a comma before a closing bracket"},
		"UTF-16":             {body("{\x00}\x00"), "body-form at PUBLISH", "UTF-16"},
		"UTF-16 with a mark": {body("\xff\xfe{\x00}\x00"), "body-form at PUBLISH", "UTF-16"},
		"registration_id":    {body(`{"registration_id":"dev-1"}`), "body-id at PUBLISH", `the body has "registration_id", which the service ignores`},
		"both names":         {body(`{"id":"x","registrationId":"dev-1"}`), "", ""},
		"number as ID":       {body(`{"registrationId":1}`), "body-form at PUBLISH", `"registrationId" in the body is of type number, expected a string`},
		"JSON array":         {body("[]"), "body-form at PUBLISH", "expected a JSON object"},
		"JSON null":          {body("null"), "body-form at PUBLISH", "expected a JSON object"},
		"body of another":    {body(`{"registrationId":"dev-2"}`), "body-id at PUBLISH", `"dev-2", expected "dev-1"`},
		"payload as text":    {body(`{"payload":"{}"}`), "body-payload at PUBLISH", "begins with"},
		"no operation ID":    {func(n *naive) { n.query.Topic = []byte("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&x=") }, "operation-id at PUBLISH", `has no operation ID: end its topic with "&operationId={operationId}"`},
		"other operation ID": {func(n *naive) { n.query.Topic = append(n.query.Topic, "4."...) }, "operation-id at PUBLISH", "unchanged"},
	} {
		t.Run(name, b.check)
	}
}

// Each mistake in timing and in the use of MQTT is diagnosed.
func TestNaiveSessions(t *testing.T) {
	body := func(b string) func(*naive) { return func(n *naive) { n.register.Payload = []byte(b) } }
	for name, b := range map[string]bug{
		"early query":        {func(n *naive) { n.queryAfter = 2 * time.Second }, "early-query at PUBLISH", "the query arrived 1s before"},
		"nearly early query": {func(n *naive) { n.queryAfter = 2900 * time.Millisecond }, "", ""},
		"too early query":    {func(n *naive) { n.queryAfter = 2899 * time.Millisecond }, "early-query at PUBLISH", "101ms"},
		"registers again": {func(n *naive) {
			n.after = func(n *naive) { n.publish(n.register) }
			n.query.Topic = bytes.Replace(n.query.Topic, []byte("=2"), []byte("=3"), 1)
		}, "rid-again at PUBLISH, register-again at PUBLISH, early-query at PUBLISH", "earlier request"},
		"bad body, again": {func(n *naive) {
			n.after = func(n *naive) {
				n.register.Topic = []byte("$dps/registrations/PUT/iotdps-register/?$rid=2")
				n.register.Payload = []byte("{")
				n.publish(n.register)
				n.register.Topic = []byte("$dps/registrations/PUT/iotdps-register/?$rid=3")
				n.publish(n.register)
			}
			n.query.Topic = bytes.Replace(n.query.Topic, []byte("=2"), []byte("=4"), 1)
		}, "register-again at PUBLISH, body-form at PUBLISH, register-again at PUBLISH, body-form at PUBLISH", "is in progress"},
		"RETAIN":       {func(n *naive) { n.register.Retain = true }, "publish-flags at PUBLISH", "RETAIN"},
		"DUP":          {func(n *naive) { n.register.Dup = true }, "publish-flags at PUBLISH", "DUP"},
		"no PUBACK":    {func(n *naive) { n.puback = false }, "no-puback at PUBLISH", "3s ago and has not been acknowledged"},
		"other PUBACK": {func(n *naive) { n.puback = false; n.after = func(n *naive) { n.send(&packet.Puback{ID: 99}) } }, "no-puback at PUBLISH", "packet identifier 1"},
		"late PUBACK":  {func(n *naive) { n.puback = false; n.after = func(n *naive) { n.send(&packet.Puback{ID: 1}) } }, "", ""},
		"QoS 3":        {func(n *naive) { n.before = func(n *naive) { n.c.Receive(n.o.now, []byte("\x36\x00")) } }, "violation at SUBSCRIBE", "[MQTT-"},
		"level in a filter": {func(n *naive) {
			n.before = func(n *naive) { n.c.Receive(n.o.now, []byte("\x82\x08\x00\x01\x00\x03ab\x05\x03")) }
		}, "violation at SUBSCRIBE", "[MQTT-"},
		"two CONNECTs":         {func(n *naive) { n.before = func(n *naive) { n.send(&n.connect) } }, "violation at SUBSCRIBE", "[MQTT-3.1.0-2]"},
		"packet of a server":   {func(n *naive) { n.before = func(n *naive) { n.send(&packet.Pingresp{}) } }, "violation at PINGRESP", "[section 2.2.1]"},
		"too large":            {body(`{"payload":{"a":"` + strings.Repeat("x", 100_000) + `"}}`), "too-large at SUBSCRIBE", "96 KB"},
		"silence":              {func(n *naive) { n.queryAfter = 91 * time.Second }, "silent at PUBACK", "send a PINGREQ in time"},
		"no DISCONNECT":        {func(n *naive) { n.disconnect = false }, "no-disconnect at PUBACK", "without a DISCONNECT"},
		"lost inside a packet": {func(n *naive) { n.before = func(n *naive) { n.c.Receive(n.o.now, []byte("\x30")); n.c.Lost(n.o.now) } }, "no-disconnect at SUBSCRIBE", "in the middle of a packet, after 1 bytes of it"},
	} {
		t.Run(name, b.check)
	}
}
