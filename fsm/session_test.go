package fsm

import (
	"math"
	"reflect"
	"testing"
	"time"

	"example.com/dps/fsm/registration"
	"github.com/google/go-cmp/cmp"
)

// The counter wraps around to 1, since 0 is not a packet identifier.
func TestPacketIdentifiersGoRound(t *testing.T) {
	m, err := New(Config{IDScope: "s", RegistrationID: "d"})
	if err != nil {
		t.Fatal(err)
	}
	m.packetID = 65534
	for _, want := range []uint16{65535, 1, 2} {
		if got := m.nextID(); got != want || m.packetID != want {
			t.Errorf("identifier %d, want %d", got, want)
		}
	}
}

// The session has its own defaults. Those of the registration are set in its
// package.
func TestDefaultsOfTheSession(t *testing.T) {
	want := Policy{RequestTimeout: 30 * time.Second, DialTimeout: 30 * time.Second, KeepAlive: time.Minute}
	var got Policy
	for range 2 { // the second call has no effect
		if got.setDefaults(); got != want {
			t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
		}
	}
	set := Policy{RequestTimeout: 1, DialTimeout: 2, KeepAlive: -3}
	got = set
	got.setDefaults()
	if got != set {
		t.Errorf("what is set is changed (-want +got):\n%s", cmp.Diff(set, got))
	}
}

// The configuration of a machine has every field of the configuration of a
// registration, with the same name and type, and passes it on. The exception is
// Trace, whose events have another type.
func TestConfigPassesEveryFieldToTheRegistration(t *testing.T) {
	var from Config
	fill(t, reflect.ValueOf(&from).Elem())
	to := from.registration()
	if to.Trace != nil {
		t.Error("Trace is passed on")
	}
	compareFields(t, reflect.ValueOf(from), reflect.ValueOf(to), "Policy", "Trace")
	compareFields(t, reflect.ValueOf(from.Policy), reflect.ValueOf(to.Policy))
}

// compareFields reports each field of to that from does not have or that has a
// different value there.
func compareFields(t *testing.T, from, to reflect.Value, except ...string) {
	skip := map[string]bool{}
	for _, name := range except {
		skip[name] = true
	}
	for i := range to.NumField() {
		field := to.Type().Field(i)
		if skip[field.Name] {
			continue
		}
		source, ok := from.Type().FieldByName(field.Name)
		if !ok || source.Type != field.Type {
			t.Errorf("%v.%s has no counterpart of the same type", to.Type(), field.Name)
			continue
		}
		got, want := to.Field(i), from.FieldByIndex(source.Index)
		if got.IsZero() || !same(got, want) {
			t.Errorf("%v.%s is %v, want %v", to.Type(), field.Name, got, want)
		}
	}
}

// same reports whether two values are equal. Functions are equal if they return
// the same value.
func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Func {
		return !a.IsNil() && !b.IsNil() && a.Call(nil)[0].Equal(b.Call(nil)[0])
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// fill sets each field of a struct to a different nonzero value.
func fill(t *testing.T, v reflect.Value) {
	n := int64(0)
	for i := range v.NumField() {
		f := v.Field(i)
		switch n++; f.Kind() {
		case reflect.String:
			f.SetString(v.Type().Field(i).Name)
		case reflect.Slice:
			f.SetBytes([]byte(v.Type().Field(i).Name))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(n)
		case reflect.Uint8:
			f.SetUint(uint64(n))
		case reflect.Struct:
			fill(t, f)
		case reflect.Func:
			if f.Type() == reflect.TypeFor[func() float64]() {
				f.Set(reflect.ValueOf(func() float64 { return math.Pi }))
			}
		default:
			t.Fatalf("%v.%s: fill cannot set a %v", v.Type(), v.Type().Field(i).Name, f.Kind())
		}
	}
}

// A machine adds only fields of its session.
func TestConfigAddsOnlyWhatIsOfTheSession(t *testing.T) {
	extra := func(from, to reflect.Type) (names []string) {
		for i := range from.NumField() {
			if _, ok := to.FieldByName(from.Field(i).Name); !ok {
				names = append(names, from.Field(i).Name)
			}
		}
		return names
	}
	got := [][]string{
		extra(reflect.TypeFor[Config](), reflect.TypeFor[registration.Config]()),
		extra(reflect.TypeFor[Policy](), reflect.TypeFor[registration.Policy]()),
	}
	want := [][]string{{"Attestation", "Limit"}, {"DialTimeout", "KeepAlive", "AtMostOnce", "Pipeline", "KeepSession"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
