package explore

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// A Keyer makes keys of structs of one type.
type Keyer struct{ appendKey appender }

// An appender appends the key of the value at an address. It is called millions
// of times, and therefore does not use reflection.
type appender func(b []byte, at unsafe.Pointer, now time.Time) []byte

// A Reduction specifies what a key contains of a field that is neither a
// boolean, an integer nor a time.
type Reduction struct {
	To  func(v reflect.Value) string // nil if the field is omitted
	Why string
}

// NewKeyer returns a Keyer for a struct type. The key contains all of its
// fields and those of structs to which they point: booleans and integers
// unchanged, times reduced to whether they are set and have passed, and all
// others as specified by leftOut for "Type.field". A field that is of another
// kind and not in leftOut is an error, so that a new field cannot merge states
// unnoticed. A name in leftOut without a field is also an error.
func NewKeyer(t reflect.Type, leftOut map[string]Reduction) (*Keyer, error) {
	unused := map[string]bool{}
	for name := range leftOut {
		unused[name] = true
	}
	a, err := structAppender(t, leftOut, unused)
	for name := range unused {
		if strings.HasPrefix(name, t.Name()+".") {
			err = errors.Join(err, fmt.Errorf("%s is left out, but there is no such field", name))
		}
	}
	return &Keyer{a}, err
}

// Key returns the key of the struct that p points to.
func (k *Keyer) Key(p any, now time.Time) string {
	var room [512]byte
	return string(k.appendKey(room[:0], reflect.ValueOf(p).UnsafePointer(), now))
}

func structAppender(t reflect.Type, leftOut map[string]Reduction, unused map[string]bool) (appender, error) {
	var all []appender
	var errs []error
	for i := range t.NumField() {
		f := t.Field(i)
		name := t.Name() + "." + f.Name
		delete(unused, name)
		r, found := leftOut[name]
		if found && r.To == nil {
			continue
		}
		a, err := fieldAppender(name, f.Type, leftOut, unused)
		if found {
			a, err = func(b []byte, at unsafe.Pointer, _ time.Time) []byte {
				return append(b, r.To(reflect.NewAt(f.Type, at).Elem())...)
			}, nil
		}
		errs = append(errs, err)
		all = append(all, func(b []byte, at unsafe.Pointer, now time.Time) []byte {
			b = append(append(b, f.Name...), '=')
			return append(a(b, unsafe.Add(at, f.Offset), now), ' ')
		})
	}
	return func(b []byte, at unsafe.Pointer, now time.Time) []byte {
		for _, a := range all {
			b = a(b, at, now)
		}
		return b
	}, errors.Join(errs...)
}

func fieldAppender(name string, t reflect.Type, leftOut map[string]Reduction, unused map[string]bool) (appender, error) {
	switch kind := t.Kind(); {
	case t == reflect.TypeFor[time.Time]():
		return appendTime, nil
	case kind == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		a, err := structAppender(t.Elem(), leftOut, unused)
		return func(b []byte, at unsafe.Pointer, now time.Time) []byte { return a(b, *(*unsafe.Pointer)(at), now) }, err
	case reflect.Bool <= kind && kind <= reflect.Uint64:
		return func(b []byte, at unsafe.Pointer, _ time.Time) []byte { return appendNumber(b, at, t.Size()) }, nil
	}
	return nil, fmt.Errorf("%s is a %v: add it to the list of what a key leaves out, with the reason", name, t)
}

// appendNumber appends a boolean or an integer of the given size, as an
// unsigned number.
func appendNumber(b []byte, at unsafe.Pointer, size uintptr) []byte {
	var n uint64
	switch size {
	case 1:
		n = uint64(*(*uint8)(at))
	case 2:
		n = uint64(*(*uint16)(at))
	case 4:
		n = uint64(*(*uint32)(at))
	default:
		n = *(*uint64)(at)
	}
	return strconv.AppendUint(b, n, 10)
}

func appendTime(b []byte, at unsafe.Pointer, now time.Time) []byte {
	switch t := (*time.Time)(at); {
	case t.IsZero():
		return append(b, "unset"...)
	case t.After(now):
		return append(b, "to come"...)
	}
	return append(b, "come"...)
}

// IsSet reduces a value to whether it is zero.
func IsSet(v reflect.Value) string { return strconv.FormatBool(!v.IsZero()) }

// IsEmpty reduces a slice to whether it is empty.
func IsEmpty(v reflect.Value) string { return strconv.FormatBool(v.Len() == 0) }

// ErrorKind reduces an error to its type, or to its text if it has no other
// fields.
func ErrorKind(v reflect.Value) string {
	if v.IsNil() {
		return "nil"
	}
	if kind := v.Elem().Type().String(); kind != "*errors.errorString" {
		return kind
	}
	return v.Interface().(error).Error()
}
