package window

import "time"

// Entry is one thing that happened, for the timeline of the page.
type Entry struct {
	ID          uint64    `json:"id"` // grows
	At          time.Time `json:"at"`
	Kind        Kind      `json:"kind"`
	Environment string    `json:"environment,omitempty"`
	Pool        string    `json:"pool,omitempty"`     // key of the pool
	Text        string    `json:"text"`               // one sentence, the same that log, Event and command line have
	Revision    string    `json:"revision,omitempty"` // commit
	Actor       string    `json:"actor,omitempty"`    // person or other manager
	From        int       `json:"from,omitempty"`     // agents before, of a Scale
	To          int       `json:"to,omitempty"`
	Bad         bool      `json:"bad,omitempty"` // somebody may have to look
}

// Kind is what sort of thing has happened.
type Kind string

// The kinds.
const (
	Synced   Kind = "sync"
	Drifted  Kind = "drift"
	Hold     Kind = "hold"  // a prune waits for approval
	Turned   Kind = "state" // the state of an environment or pool became another
	Scaled   Kind = "scale" // of the decision log
	Rolled   Kind = "rollout"
	Jenkins  Kind = "jenkins" // it answers again, or not any more
	Acted    Kind = "action"  // by a person, through the API
	Reported Kind = "fault"   // of Majordomo itself: the repository, a notification
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Synced, Drifted, Hold, Turned, Scaled, Rolled, Jenkins, Acted, Reported}
}
