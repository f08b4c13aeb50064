package access

import "errors"

// ErrLogin means that somebody is not who they say, or says nothing that counts.
var ErrLogin = errors.New("not logged in")

// ErrPowerless means that majordomo itself may not ask who somebody is, or what they may do.
var ErrPowerless = errors.New("majordomo's own account may not ask the cluster; it needs the right to create tokenreviews and subjectaccessreviews")

// Code is why an action is refused, as programs tell it.
type Code string

// The codes.
const (
	Invalid     Code = "BadRequest"      // the request is wrong
	Forbidden   Code = "Forbidden"       // a right is missing
	NotFound    Code = "NotFound"        // or may not be seen
	Conflict    Code = "Conflict"        // the world is not as the person saw it, or somebody has to do something else first
	Limited     Code = "TooManyRequests" // too often
	Unavailable Code = "Unavailable"     // nobody can tell now
)

// Refusal is an action that was not done.
type Refusal struct {
	Code  Code
	Field string // of the request that is wrong, "" for none
	Err   error
}

func (r *Refusal) Error() string { return r.Err.Error() }

func (r *Refusal) Unwrap() error { return r.Err }
