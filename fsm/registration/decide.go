package registration

// A verdict is what an answer leads to.
type verdict byte

const (
	query     verdict = iota // the operation goes on: query it later
	done                     // the device is assigned
	final                    // the answer is the result
	again                    // the same step once more, after a wait
	startOver                // from the registration on, after a wait
	reconnect                // the same step once more, on a new link with a fresh password
	garbled                  // the same step once more, but not often
)

// A situation is all that the verdict about an answer depends on.
type situation struct {
	status    outcome // of the body
	code      int     // of the topic
	notFound  bool    // code or body say that the operation or the device is not known
	polling   bool    // a query was asked, not a registration
	resuming  bool    // no answer on this link has confirmed the operation
	missed    bool    // the operation was not found once before
	refreshed bool    // the link was made to have a fresh password
}

// decide is the table of what answers mean. The first row that fits counts.
func decide(s situation) verdict {
	switch {
	// The status in the body decides, not the code of the topic (S6).
	case s.status == pending:
		return query
	case s.status == assigned:
		return done
	case s.status == ended:
		return final

	// About a word that is not known, the code decides.
	case s.status == unknown && s.code == 202:
		return query
	case s.status == unknown && s.code < 400:
		return final

	// An error body, or none, does not belong to a code of success (S13).
	case s.code < 400:
		return garbled

	// Throttled or unavailable (S8).
	case s.code == 429 || s.code >= 500:
		return again

	// A conflict with another registration is over soon (S9).
	case s.code == 412:
		return startOver

	// The registration: all else is final (S10).
	case !s.polling:
		return final

	// The query: an operation of an earlier link or run may be gone (S11), and so may
	// any, once (S9). The password may have expired since the CONNECT.
	case s.refreshed && s.code == 401 && !s.notFound:
		return final
	case s.resuming, s.notFound && !s.missed:
		return startOver
	case s.code == 401 && !s.notFound:
		return reconnect
	}
	return final
}
