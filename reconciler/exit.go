package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/git"
)

// Exit codes. They mean the same for every command; where a command uses one in its own way, its help says so.
const (
	exitOK       = 0
	exitFailure  = 1 // it did not work; for diff: there are differences
	exitUsage    = 2 // the command line or the input is wrong
	exitTimeout  = 3 // not in time; for run: the lease was lost
	exitAuth     = 4 // credentials or a right are missing
	exitHeld     = 5 // a safety gate waits for a person
	exitNotFound = 6 // no such environment, commit or context
	exitSignal   = 128
)

// exit is an error that says with which code the program ends. Without an err there is nothing more to say.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return exit{exitUsage, fmt.Errorf(format, args...)} }

func notFoundf(format string, args ...any) error {
	return exit{exitNotFound, fmt.Errorf(format, args...)}
}

// signalled is the cause of a context that a signal ended.
type signalled struct{ signal syscall.Signal }

func (s signalled) Error() string { return "ended by " + s.signal.String() }

// exitCode returns the code for how a command ended.
func exitCode(ctx context.Context, err error) int {
	var (
		own  exit
		sent signalled
	)
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // whoever read the output has seen enough
		return exitOK
	case errors.As(context.Cause(ctx), &sent):
		return exitSignal + int(sent.signal)
	case errors.As(err, &own):
		return own.code
	case forbidden(err):
		return exitAuth
	case apierrors.IsNotFound(err), git.ReasonOf(err) == git.RefNotFound:
		return exitNotFound
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	}
	return exitFailure
}

func forbidden(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || errors.Is(err, cluster.ErrForbidden) ||
		git.ReasonOf(err) == git.AuthFailed || git.ReasonOf(err) == git.HostKey
}
