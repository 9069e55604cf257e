package dpstest

import (
	"encoding/hex"
	"fmt"

	"example.com/dps/packet"
)

// checkFaults reports what is wrong with the faults of an enrollment. A fault
// that can never make a difference is wrong, because it is the result of a typo
// or a misunderstanding.
func checkFaults(m *mistakes, path string, all []Fault) {
	for i := range all {
		f, at := &all[i], fmt.Sprintf("%s.faults[%d]", path, i)
		n := len(*m)
		f.checkValues(m, at)
		if len(*m) == n {
			f.checkEffect(m, at)
		}
		for j, earlier := range all[:i] {
			if earlier.At == f.At && f.At != 0 && (earlier.Nth == 0 || earlier.Nth == f.Nth) {
				m.add(at, "it never happens because faults[%d] comes first", j)
				break
			}
		}
	}
}

func (f *Fault) checkValues(m *mistakes, path string) {
	switch {
	case f.At == 0:
		m.add(path+".at", "it is missing, expected one of %q", stepNames[1:])
	case int(f.At) >= len(stepNames):
		m.add(path+".at", "it is %v, expected one of %q", f.At, stepNames[1:])
	}
	if f.Nth < 0 {
		m.add(path+".nth", "it is %d, expected 1 for the first, 2 for the second, …; 0 for all", f.Nth)
	}
	if f.Repeat < 0 || f.Repeat > 1000 {
		m.add(path+".repeat", "it is %d, expected 0 to 1000", f.Repeat)
	}
	if !(0 <= f.Delay && f.Delay <= maxSeconds) {
		m.add(path+".delay", "it is %v, expected 0 to %d seconds", f.Delay, maxSeconds)
	}
	if f.Status != 0 && (f.Status < 100 || f.Status > 599) {
		m.add(path+".status", "it is %d, expected 100 to 599", f.Status)
	}
	if code := f.ReturnCode; f.At == OnConnect && code > byte(packet.NotAuthorized) {
		m.add(path+".returnCode", "it is %d, expected 1 to 5 at connect", code)
	} else if f.At == OnSubscribe && code != 0 && code != packet.SubackFailure {
		m.add(path+".returnCode", "it is %d, expected 128 at subscribe", code)
	}
	if f.QoS != nil && *f.QoS > packet.QoS2 {
		m.add(path+".qos", "it is %d, expected 0 to 2", *f.QoS)
	}
	if f.RequestID != nil && len(*f.RequestID) > 256 {
		m.add(path+".requestId", "it has %d bytes, expected at most 256", len(*f.RequestID))
	}
	if _, err := hex.DecodeString(f.Raw); err != nil {
		m.add(path+".raw", "%v", err)
	}
	f.RetryAfter.check(m, path+".retryAfter")
}

// A field is a field of a Fault that makes a difference if it is set.
type field struct {
	name string
	set  bool
}

// fields returns the fields that change how any answer is sent, and the fields
// that change only the answer to a request.
func (f *Fault) fields() (packets, answers []field) {
	return []field{
			{"returnCode", f.ReturnCode != 0}, {"hangUpAfter", f.HangUpAfter}, {"silence", f.Silence}, {"raw", f.Raw != ""},
		}, []field{
			{"body", f.Body != nil}, {"retryAfter", f.RetryAfter != ""}, {"requestId", f.RequestID != nil}, {"answerFirst", f.AnswerFirst},
			{"reversed", f.Reversed}, {"repeat", f.Repeat > 0}, {"stale", f.Stale}, {"qos", f.QoS != nil},
		}
}

// checkEffect reports fields that make no difference.
func (f *Fault) checkEffect(m *mistakes, path string) {
	useless := func(fields []field, why string) {
		for _, x := range fields {
			if x.set {
				m.add(path+"."+x.name, "it has no effect %s", why)
			}
		}
	}
	packets, answers := f.fields()
	request := []field{{"noPuback", f.NoPuback}, {"status", f.Status != 0}}
	n := len(*m)
	if !isRequest(f.At) {
		useless(append(answers, request...), "at "+f.At.String())
	}
	if f.At != OnConnect && f.At != OnSubscribe {
		useless([]field{{"returnCode", f.ReturnCode != 0}}, "at "+f.At.String())
	}
	if len(*m) > n {
		return
	}
	switch {
	case f.HangUp:
		useless(packets, "with hangUp")
		useless(answers, "with hangUp")
		useless([]field{{"noPuback", f.NoPuback}, {"status", f.Status != 0 && f.Status < 400}}, "with hangUp")
	case f.Silence:
		useless(answers, "with silence")
		useless([]field{{"status", f.Status != 0 && f.Status < 400}, {"delay", f.Delay != 0 && f.Raw == "" && !f.HangUpAfter}}, "with silence")
	case f.NoPuback && f.AnswerFirst:
		useless([]field{{"answerFirst", true}}, "with noPuback")
	case f.Delay == 0 && !anySet(packets) && !anySet(answers) && !anySet(request):
		m.add(path, "it changes nothing: at and nth only select the step that it disturbs")
	}
}

func anySet(fields []field) bool {
	for _, x := range fields {
		if x.set {
			return true
		}
	}
	return false
}
