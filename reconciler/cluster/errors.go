package cluster

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// Kinds of failure of one object, for callers that branch on it.
var (
	// ErrConflict means that another field manager owns a field that Git states and applies it itself.
	ErrConflict = errors.New("conflict")
	// ErrForbidden means that the environment's identity lacks a right.
	ErrForbidden = errors.New("forbidden")
	// ErrImmutable means that the server does not let a field be changed in place.
	ErrImmutable = errors.New("immutable field")
	// ErrChanged means that the object is not the one that was planned for: it was changed or replaced in between.
	ErrChanged = errors.New("object changed")
	// ErrPanic means that majordomo itself failed.
	ErrPanic = errors.New("majordomo itself failed, please report this")
)

// ObjectError is what went wrong with one object. Its text holds no secret.
type ObjectError struct {
	ID  object.ID
	Op  string // "apply", "delete", "read"
	Err error
}

// Error gives operation, object and cause.
func (e *ObjectError) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.ID, e.Err) }

// Unwrap returns the cause.
func (e *ObjectError) Unwrap() error { return e.Err }

// Reason names the kind of failure under which conditions report it, "" for any other.
func (e *ObjectError) Reason() string {
	switch {
	case errors.Is(e.Err, ErrConflict):
		return status.ApplyConflict
	case errors.Is(e.Err, ErrForbidden):
		return status.ApplyForbidden
	}
	return ""
}

// masked is an error whose text went through the redactor; the cause still answers errors.Is.
type masked struct {
	text string
	err  error
}

func (m *masked) Error() string { return m.text }
func (m *masked) Unwrap() error { return m.err }

// failure wraps what the server said about an object, without its secrets and with what to do about it.
func (c *Client) failure(op string, id object.ID, err error, objects ...object.Object) error {
	var known *ObjectError
	if err == nil || errors.As(err, &known) {
		return err
	}
	kindOf := err
	text := object.RedactText(err.Error(), objects...)
	switch {
	case apierrors.IsForbidden(err) && !quota(err):
		kindOf = fmt.Errorf("%w: %w", ErrForbidden, err)
		text = fmt.Sprintf("forbidden for %s: %s; grant the missing right to it, see `majordomo check`", c.who, text)
	case apierrors.IsUnauthorized(err):
		text = "the cluster refuses majordomo's credentials: " + text
	case errors.Is(err, errNoKind):
		text += "; install its CRD, or correct apiVersion and kind"
	}
	return &ObjectError{ID: id, Op: op, Err: &masked{text: text, err: kindOf}}
}

// guarded does one object's work and turns a panic in it into that object's error.
func guarded(do func() plan.Result, s plan.Step) (r plan.Result) {
	defer func() {
		if cause := recover(); cause != nil {
			r = plan.Result{Step: s, Err: &ObjectError{ID: s.ID, Op: string(s.Op), Err: fmt.Errorf("%w: %v", ErrPanic, cause)}}
		}
	}()
	return do()
}

// quota tells a refusal by a quota or an admission plugin, which answers 403 too, from a missing right.
func quota(err error) bool { return !strings.Contains(err.Error(), " cannot ") }

func absent(err error) bool { return apierrors.IsNotFound(err) || errors.Is(err, errNoKind) }

func statusOf(err error) *metav1.Status {
	var s apierrors.APIStatus
	if !errors.As(err, &s) {
		return nil
	}
	st := s.Status()
	return &st
}

// unreachable tells an error that is no answer of the server: nothing is known then, of any object.
func unreachable(err error) bool { return statusOf(err) == nil && !errors.Is(err, errNoKind) }

// conflict is one field that another manager owns.
type conflict struct{ manager, field string }

var conflictWith = regexp.MustCompile(`conflict with "([^"]+)"`)

// conflicts lists the fields that an apply without force may not take over.
func conflicts(err error) []conflict {
	s := statusOf(err)
	if s == nil || s.Details == nil || !apierrors.IsConflict(err) {
		return nil
	}
	var out []conflict
	for _, cause := range s.Details.Causes {
		if m := conflictWith.FindStringSubmatch(cause.Message); cause.Type == metav1.CauseTypeFieldManagerConflict && m != nil {
			out = append(out, conflict{manager: m[1], field: cause.Field})
		}
	}
	return out
}

// conflictError names the managers and their fields.
func conflictError(found []conflict) error {
	var parts []string
	for _, c := range found {
		parts = append(parts, fmt.Sprintf("%s owns %s", c.manager, c.field))
	}
	slices.Sort(parts)
	return fmt.Errorf("%w: %s; take the field out of Git, list it in the annotation %s, or let the other manager give it up",
		ErrConflict, strings.Join(slices.Compact(parts), ", "), object.Ignore)
}

var immutableText = regexp.MustCompile(`(?i)immutable|may not (be changed|change once set)|cannot change|updates to .* (for fields other than|are forbidden)|can only be set (on|at) creation`)

// immutableFields returns the fields that the server does not let change, nil if anything else is wrong as well: an invalid
// object must never be deleted in the hope of a better one.
func immutableFields(err error) []string {
	s := statusOf(err)
	if s == nil || s.Details == nil || !apierrors.IsInvalid(err) || len(s.Details.Causes) == 0 {
		return nil
	}
	var fields []string
	for _, cause := range s.Details.Causes {
		if !immutableText.MatchString(cause.Message) {
			return nil
		}
		fields = append(fields, cause.Field)
	}
	return fields
}

// A Service with a node port of its own that was deleted a moment ago holds the port until the server has cleaned up, which takes it milliseconds.
const (
	portTries = 6
	portPause = 10 * time.Millisecond // more with each try
)

func portTaken(err error) bool {
	return apierrors.IsInvalid(err) && strings.Contains(err.Error(), "provided port is already allocated")
}

// pause waits, and tells whether there is a reason to go on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
