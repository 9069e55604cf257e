package registration

// A verdict is what to do after an answer.
type verdict byte

const (
	query     verdict = iota // the operation is in progress: query it later
	done                     // the device is assigned
	final                    // the answer ends the registration with an error
	again                    // repeat the step after a wait
	startOver                // register again after a wait
	reconnect                // repeat the step on a new link with a fresh password
	garbled                  // repeat the step, but only a few times in a row
)

// A situation is everything on which the verdict about an answer depends.
type situation struct {
	status    outcome // of the body
	code      int     // of the topic
	notFound  bool    // the code or the body reports that the operation or the device is unknown
	polling   bool    // the request was a query, not a registration
	resuming  bool    // no answer on this link has confirmed the operation
	missed    bool    // an earlier query was answered that the operation is unknown
	refreshed bool    // the link was replaced for a fresh password
}

// decide returns the verdict about an answer. It is a table whose first
// matching row applies.
func decide(s situation) verdict {
	switch {
	// The status in the body decides, not the code in the topic (S6).
	case s.status == pending:
		return query
	case s.status == assigned:
		return done
	case s.status == ended:
		return final

	// If the status is unknown, the code decides.
	case s.status == unknown && s.code == 202:
		return query
	case s.status == unknown && s.code < 400:
		return final

	// A code of success requires a status in the body (S13).
	case s.code < 400:
		return garbled

	// Throttled or unavailable (S8).
	case s.code == 429 || s.code >= 500:
		return again

	// A conflict with another registration is temporary (S9).
	case s.code == 412:
		return startOver

	// For a registration, everything else is final (S10).
	case !s.polling:
		return final

	// For a query, an operation of an earlier link or run may be gone (S11),
	// and any operation may be gone once (S9). The password may have expired
	// since the CONNECT.
	case s.refreshed && s.code == 401 && !s.notFound:
		return final
	case s.resuming, s.notFound && !s.missed:
		return startOver
	case s.code == 401 && !s.notFound:
		return reconnect
	}
	return final
}
