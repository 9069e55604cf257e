package registration

import (
	"fmt"
	"testing"
)

// A rule is a requirement for clients of the service, formulated independently
// of the other rules: each situation matches exactly one rule.
type rule struct {
	name string
	fits func(s situation) bool
	want verdict
}

// These are the parts of the rules.
func isWord(s situation) bool      { return s.status == none || s.status == unknown }
func isTransient(s situation) bool { return s.code == 429 || s.code >= 500 && s.code <= 599 }
func isRefused(s situation) bool   { return isWord(s) && s.code >= 400 && !isTransient(s) }
func isBadQuery(s situation) bool  { return isRefused(s) && s.polling && s.code != 412 }
func isExpired(s situation) bool   { return s.code == 401 && !s.notFound }

var rules = []rule{
	{"S6 assigning continues, whatever the code", func(s situation) bool { return s.status == pending }, query},
	{"S6 assigned is the end, whatever the code", func(s situation) bool { return s.status == assigned }, done},
	{"S6 failed is the end, whatever the code", func(s situation) bool { return s.status == ended }, final},
	{"S6 an unknown status continues with 202", func(s situation) bool { return s.status == unknown && s.code == 202 }, query},
	{"S6 an unknown status is the end with another code of success",
		func(s situation) bool { return s.status == unknown && s.code != 202 && s.code < 400 }, final},
	{"S13 no status with a code of success is unreadable", func(s situation) bool { return s.status == none && s.code < 400 }, garbled},
	{"S8 throttled or unavailable", func(s situation) bool { return isWord(s) && isTransient(s) }, again},
	{"S9 a registration collides with another one", func(s situation) bool { return isRefused(s) && !s.polling && s.code == 412 }, startOver},
	{"S10 a registration is refused", func(s situation) bool { return isRefused(s) && !s.polling && s.code != 412 }, final},
	{"S9 a query collides with another registration", func(s situation) bool { return isRefused(s) && s.polling && s.code == 412 }, startOver},
	{"S11 an operation that is resumed is refused", func(s situation) bool { return isBadQuery(s) && s.resuming && !(isExpired(s) && s.refreshed) }, startOver},
	{"S9 an operation is not found, once", func(s situation) bool { return isBadQuery(s) && !s.resuming && s.notFound && !s.missed }, startOver},
	{"S9 an operation is not found, again", func(s situation) bool { return isBadQuery(s) && !s.resuming && s.notFound && s.missed }, final},
	{"the password of this link may have expired", func(s situation) bool { return isBadQuery(s) && !s.resuming && isExpired(s) && !s.refreshed }, reconnect},
	{"a fresh password is not accepted", func(s situation) bool { return isBadQuery(s) && isExpired(s) && s.refreshed }, final},
	{"S10 a query is refused", func(s situation) bool { return isBadQuery(s) && !s.resuming && !s.notFound && s.code != 401 }, final},
}

// situations calls f with all possible situations, with one code for each kind
// of codes.
func situations(f func(s situation)) {
	for status := none; status <= ended; status++ {
		for _, code := range []int{100, 199, 200, 201, 202, 203, 204, 301, 399, 400, 401, 402, 403, 404, 405, 409, 411, 412, 413, 428, 429, 430, 499, 500, 503, 599} {
			for bits := range 1 << 5 {
				is := func(i int) bool { return bits>>i&1 != 0 }
				if s := (situation{status, code, is(0), is(1), is(2), is(3), is(4)}); code != 404 || s.notFound {
					f(s)
				}
			}
		}
	}
}

func TestEverySituationHasTheVerdictOfItsRule(t *testing.T) {
	met := map[string]int{}
	n := 0
	situations(func(s situation) {
		n++
		var names []string
		for _, r := range rules {
			if !r.fits(s) {
				continue
			}
			names = append(names, r.name)
			met[r.name]++
			if got := decide(s); got != r.want {
				t.Errorf("%+v: verdict %d, want %d: %s", s, got, r.want, r.name)
			}
		}
		if len(names) != 1 {
			t.Errorf("%+v is met by the rules %q, want one", s, names)
		}
	})
	if want := 5 * (25*32 + 16); n != want || len(met) != len(rules) {
		t.Errorf("%d situations met %d rules, want %d and %d", n, len(met), want, len(rules))
	}
	t.Logf("%d situations", n)
}

func TestS6_S8_S9_S10_S11_S13_RowsOfTheTable(t *testing.T) {
	const put, get = false, true
	for _, row := range []struct {
		name string
		s    situation
		want verdict
	}{
		{"S6: 200 assigning", situation{status: pending, code: 200, polling: put}, query},
		{"S6: 202 assigned", situation{status: assigned, code: 202, polling: get}, done},
		{"S6: 503 assigned", situation{status: assigned, code: 503, polling: get}, done},
		{"S6: 200 failed", situation{status: ended, code: 200, polling: get}, final},
		{"S6: 429 disabled", situation{status: ended, code: 429, polling: get}, final},
		{"S6: 202 surprise", situation{status: unknown, code: 202, polling: get}, query},
		{"S6: 200 surprise", situation{status: unknown, code: 200, polling: get}, final},
		{"S13: 200 without a body", situation{code: 200, polling: put}, garbled},
		{"S13: 202 with an error", situation{code: 202, polling: get, notFound: true}, garbled},
		{"S8: 429", situation{code: 429, polling: put}, again},
		{"S8: 429 Throttled", situation{status: unknown, code: 429, polling: put}, again},
		{"S8: 503 ServiceUnavailable", situation{status: unknown, code: 503, polling: get, resuming: true}, again},
		{"S8: 500 not found", situation{code: 500, polling: get, notFound: true, missed: true}, again},
		{"S10: 401 to a registration", situation{code: 401, polling: put}, final},
		{"S10: 404 to a registration", situation{code: 404, polling: put, notFound: true}, final},
		{"S10: 409 to a registration", situation{code: 409, polling: put}, final},
		{"S9: 412 to a registration", situation{code: 412, polling: put}, startOver},
		{"S9: 412 to a query", situation{code: 412, polling: get}, startOver},
		{"S9: 404 to a query", situation{code: 404, polling: get, notFound: true}, startOver},
		{"S9: 404 to a query, again", situation{code: 404, polling: get, notFound: true, missed: true}, final},
		{"S9: 401 with 404203 to a query", situation{code: 401, polling: get, notFound: true}, startOver},
		{"S11: 404 while resuming, again", situation{code: 404, polling: get, notFound: true, missed: true, resuming: true}, startOver},
		{"S11: 400 while resuming", situation{code: 400, polling: get, resuming: true}, startOver},
		{"S11: 401 while resuming", situation{code: 401, polling: get, resuming: true}, startOver},
		{"S10: 400 to a query", situation{code: 400, polling: get}, final},
		{"401 to a query", situation{code: 401, polling: get}, reconnect},
		{"401 Unauthorized to a query", situation{status: unknown, code: 401, polling: get}, reconnect},
		{"401 with a fresh password", situation{code: 401, polling: get, refreshed: true, resuming: true}, final},
		{"403 to a query", situation{code: 403, polling: get}, final},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := decide(row.s); got != row.want {
				t.Errorf("verdict %d, want %d", got, row.want)
			}
		})
	}
}

// A refusal that is tried again matches no error that says what to do about it,
// and a final one matches such an error.
func TestVerdictsAgreeWithTheClassesOfErrors(t *testing.T) {
	words := map[outcome]string{none: "", unknown: "surprise", ended: "failed"}
	situations(func(s situation) {
		word, ok := words[s.status]
		if !ok || s.code < 400 && s.status == none {
			return
		}
		e := &ServiceError{Status: s.code, RegistrationStatus: word}
		if s.notFound {
			e.ErrorCode = 404203
		}
		v := decide(s)
		if v == final && e.class() == nil || v == again && e.class() != nil {
			t.Errorf("%+v: verdict %d with the class %v", s, v, e.class())
		}
	})
	if got := fmt.Sprint((&ServiceError{Status: 503, RegistrationStatus: "disabled"}).class()); got != ErrDisabled.Error() {
		t.Errorf("disabled with 503 is %s", got)
	}
}
