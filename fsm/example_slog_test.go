package fsm_test

import (
	"context"
	"log/slog"
	"os"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/fsm/dpstest"
)

// traceTo returns a function for Config.Trace that logs to h. It logs the
// String of a packet, which contains neither passwords nor payloads, and which
// remains valid after the call.
func traceTo(h slog.Handler) func(fsm.Event) {
	return func(e fsm.Event) {
		level := slog.LevelDebug
		switch {
		case e.Kind == fsm.EventRetry, e.Kind == fsm.EventIgnored:
			level = slog.LevelWarn
		case e.Kind == fsm.EventEnd && e.Err != nil:
			level = slog.LevelError
		case e.Kind == fsm.EventWait, e.Kind == fsm.EventEnd:
			level = slog.LevelInfo
		}
		if !h.Enabled(context.Background(), level) {
			return
		}
		r := slog.NewRecord(e.Time, level, e.Kind.String(), 0) // the machine's time
		r.AddAttrs(slog.String("state", e.State.String()))
		if e.Packet != nil {
			r.AddAttrs(slog.String("packet", e.Packet.String()))
		}
		if !e.Until.IsZero() {
			r.AddAttrs(slog.Duration("for", e.Until.Sub(e.Time)))
		}
		if e.Note != "" {
			r.AddAttrs(slog.String("note", e.Note))
		}
		if e.Err != nil {
			r.AddAttrs(slog.String("err", e.Err.Error()))
		}
		h.Handle(context.Background(), r)
	}
}

// A machine logs to log/slog. The log does not contain the password.
func Example_slog() {
	handler := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug})
	service, _ := dpstest.New(dpstest.Config{IDScope: "0ne00000A1B", Enrollments: []dpstest.Enrollment{
		{RegistrationID: "my-device", PrimaryKey: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
	}})
	m, _ := fsm.New(fsm.Config{IDScope: "0ne00000A1B", RegistrationID: "my-device", Trace: traceTo(handler)})
	dpstest.Link{Password: func(time.Time) []byte { return []byte("not a SAS token") }}.Run(m, service, now)
	// Output:
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=sent state=connecting packet="CONNECT client=\"my-device\" user=\"0ne00000A1B/registrations/my-device/api-version=2019-03-31\" password=*** clean=true keepalive=60s"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=received state=connecting packet="CONNACK accepted, session present false"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=sent state=subscribing packet="SUBSCRIBE id=1 \"$dps/registrations/res/#\" (QoS 1)"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=received state=subscribing packet="SUBACK id=1 codes=01"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=sent state=registering packet="PUBLISH id=2 qos=1 topic=\"$dps/registrations/PUT/iotdps-register/?$rid=1\" payload=30 bytes"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=received state=registering packet="PUBACK id=2"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=received state=registering packet="PUBLISH id=1 qos=1 topic=\"$dps/registrations/res/401/?$rid=1\" payload=143 bytes"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=sent state=registering packet="PUBACK id=1"
	// time=2026-11-22T12:00:00.000Z level=ERROR msg=end state=closing err="registration: refused with status 401, error code 401000: \"Unauthorized\" (tracking ID \"00000000-0000-4000-8000-000000000001\")"
	// time=2026-11-22T12:00:00.000Z level=DEBUG msg=sent state=closing packet=DISCONNECT
}
