package packet_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"example.com/dps/packet"
)

// The password is hidden however a CONNECT, or a value that contains one, is
// printed.
func TestPasswordNeverShows(t *testing.T) {
	const password = "SharedAccessSignature sig=hunter2"
	connect := packet.Connect{ClientID: []byte("a"), Username: []byte("u"), Password: packet.Secret(password)}
	type holder struct {
		C packet.Connect
		P *packet.Connect
		S packet.Secret
		M map[string]packet.Secret
		A any
	}
	h := holder{connect, &connect, connect.Password, map[string]packet.Secret{"k": connect.Password}, connect}
	for _, v := range []any{connect, &connect, connect.Password, &connect.Password, h, &h, []any{h}, []packet.Secret{connect.Password}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "% x", "%#x", "%+q", "%10.3s"} {
			checkHidden(t, verb, fmt.Sprintf(verb, v), password)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		checkHidden(t, "JSON", string(text), password)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		checkHidden(t, "slog", log.String(), password)
	}
	checkHidden(t, "String", connect.String()+connect.Clone().String(), password)
	if got := string(connect.Password); got != password {
		t.Errorf("the password itself is %q", got)
	}
}

// checkHidden checks that text contains neither the password nor three bytes of
// it, in any form that packages fmt and json write.
func checkHidden(t *testing.T, how, got, password string) {
	t.Helper()
	piece := []byte(password[len(password)-7:])
	list := strings.Trim(fmt.Sprint(piece[:3]), "[]")
	hexList := fmt.Sprintf("%#v", piece[:3])
	hexList = hexList[strings.Index(hexList, "{")+1 : len(hexList)-1]
	for _, form := range []string{
		string(piece), hex.EncodeToString(piece), strings.ToUpper(hex.EncodeToString(piece)), fmt.Sprintf("% x", piece), list, hexList,
		base64.StdEncoding.EncodeToString([]byte(password))[:20], fmt.Sprintf("%o", piece[:3]), fmt.Sprintf("%b", piece[:3]), fmt.Sprintf("%U", piece[:3]),
	} {
		if strings.Contains(got, strings.Trim(form, "[]")) {
			t.Errorf("%s shows the password: %s", how, got)
		}
	}
}

// An error reports where a CONNECT is malformed, and does not contain its
// password.
func TestErrorsHideThePassword(t *testing.T) {
	const password = "hunter2-hunter2"
	b := mustAppend(nil, &packet.Connect{ClientID: []byte("a"), Username: []byte("u"), Password: packet.Secret(password)})
	for i := range b[:len(b)-len(password)] {
		for change := 1; change < 256; change++ {
			c := bytes.Clone(b)
			c[i] ^= byte(change)
			if p, err := decodeOne(c); err != nil {
				checkHidden(t, fmt.Sprintf("byte %d changed", i), err.Error(), password)
			} else {
				checkHidden(t, fmt.Sprintf("byte %d changed", i), p.String(), password)
			}
		}
	}
}
