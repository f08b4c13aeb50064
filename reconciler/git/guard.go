package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// guard bounds what one conversation with a remote may cost: bytes received, and time without any.
type guard struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limits Limits
	got    Bytes
}

// errIdle says that a remote sent nothing for too long.
type errIdle struct{ after time.Duration }

func (e errIdle) Error() string { return fmt.Sprintf("no data received for %s", e.after) }
func (errIdle) Timeout() bool   { return true }

func newGuard(ctx context.Context, l Limits) *guard {
	g := &guard{limits: l}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	return g
}

// close ends the conversation.
func (g *guard) close() { g.cancel(context.Canceled) }

// patient runs one step that waits for the remote, and ends the conversation when it takes too long.
func (g *guard) patient(step func() error) error {
	t := time.AfterFunc(g.limits.IdleTimeout, func() { g.cancel(errIdle{g.limits.IdleTimeout}) })
	defer t.Stop()
	return step()
}

// reader counts what is read from r.
func (g *guard) reader(r io.Reader) io.Reader { return &guarded{guard: g, r: r} }

type guarded struct {
	*guard
	r     io.Reader
	timer *time.Timer
}

// Read implements io.Reader. The time runs only while it waits, not while the caller works on what it got.
func (r *guarded) Read(p []byte) (int, error) {
	if r.timer == nil {
		r.timer = time.AfterFunc(r.limits.IdleTimeout, func() { r.cancel(errIdle{r.limits.IdleTimeout}) })
	} else {
		r.timer.Reset(r.limits.IdleTimeout)
	}
	n, err := r.r.Read(p)
	r.timer.Stop()
	if r.ctx.Err() != nil {
		return n, context.Cause(r.ctx)
	}
	if r.got += Bytes(n); r.got > r.limits.Pack {
		return n, &Error{
			Reason: PackTooLarge,
			What:   fmt.Sprintf("the answer is larger than %s (limits.pack)", r.limits.Pack),
			Hint:   "keep large files out of the repository or raise the limit",
		}
	}
	return n, err
}

// explain makes err an Error about the remote at a: its time was up, the caller gave up, or what err says.
func (g *guard) explain(a address, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if g.ctx.Err() == nil && errors.As(err, &e) {
		return a.about(err)
	}
	if g.ctx.Err() == nil {
		return a.errorf(Unreachable, "check the network and the server; the next poll tries again", "the connection broke: %w", err)
	}
	cause := context.Cause(g.ctx)
	if ended(g.ctx) == Timeout {
		return a.errorf(Timeout, "check the network and the server, or raise limits.timeout", "%w", cause)
	}
	return a.errorf(Canceled, "", "given up: %w", cause)
}
