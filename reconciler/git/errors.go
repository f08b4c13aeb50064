package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"
)

// Reason says in one word why something was not done. Callers branch on it and show it in conditions.
type Reason string

// The reasons.
const (
	InvalidOption   Reason = "InvalidOption"   // the options make no sense
	Unreachable     Reason = "Unreachable"     // no connection: server down, DNS, network
	TLSFailed       Reason = "TLSFailed"       // the server's certificate is not trusted or its TLS too old
	AuthFailed      Reason = "AuthFailed"      // credentials missing, wrong or not permitted
	HostKey         Reason = "HostKey"         // the ssh host key is unknown, changed or weak
	NotFound        Reason = "NotFound"        // no such repository, commit, file or directory
	RefNotFound     Reason = "RefNotFound"     // the repository has no such branch or tag
	EmptyRepository Reason = "EmptyRepository" // the repository has no commit
	EmptyTree       Reason = "EmptyTree"       // the commit has no file
	RateLimited     Reason = "RateLimited"     // the server asks to come back later
	ServerError     Reason = "ServerError"     // the server says that it is broken
	Redirected      Reason = "Redirected"      // the server sends us elsewhere
	Timeout         Reason = "Timeout"         // the server does not answer in time
	Canceled        Reason = "Canceled"        // the caller gave up
	PackTooLarge    Reason = "PackTooLarge"    // the answer exceeds Limits.Pack or Limits.Unpacked
	FileTooLarge    Reason = "FileTooLarge"    // a file exceeds Limits.File
	TooManyFiles    Reason = "TooManyFiles"    // the commit exceeds Limits.Files
	TooManyRefs     Reason = "TooManyRefs"     // the repository exceeds Limits.Refs
	Corrupt         Reason = "Corrupt"         // what was sent or stored is damaged
	Unsupported     Reason = "Unsupported"     // a kind of repository or answer that we do not read
	RefChanged      Reason = "RefChanged"      // the branch moved on meanwhile, or a tag moved at all
	NotFastForward  Reason = "NotFastForward"  // the branch no longer contains the last good commit
	Submodule       Reason = "Submodule"       // the path is a submodule
	SymlinkEscape   Reason = "SymlinkEscape"   // the link leaves the repository
	SymlinkLoop     Reason = "SymlinkLoop"     // the link leads to itself
	LFSPointer      Reason = "LFSPointer"      // the file is in Git LFS, not in the repository
	BadPath         Reason = "BadPath"         // a name that no honest repository holds, too long or too deep
	Storage         Reason = "Storage"         // our own disk: full, read-only, in use
)

// Error is anything that went wrong here: what, where, why and what to do. Neither it nor what it wraps holds a
// secret.
type Error struct {
	Reason     Reason
	Where      string        // the repository, without credentials
	Path       string        // the path in the commit, if it is about one
	What       string        // what happened, and why
	Hint       string        // what to do
	RetryAfter time.Duration // when the server said so
	Err        error         // the cause, if there is one
}

// Error returns the whole sentence.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("git")
	if e.Where != "" {
		b.WriteString(" " + e.Where)
	}
	b.WriteString(": ")
	if e.Path != "" {
		fmt.Fprintf(&b, "%q ", e.Path)
	}
	b.WriteString(e.What)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes a NotFound about a path the same as fs.ErrNotExist.
func (e *Error) Is(target error) bool {
	return target == fs.ErrNotExist && e.Reason == NotFound && e.Path != ""
}

// ReasonOf returns the reason of the first Error in err, or "".
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

// problem is an Error about a path in a commit.
func problem(r Reason, path, hint, format string, args ...any) *Error {
	return &Error{Reason: r, Path: path, What: fmt.Sprintf(format, args...), Hint: hint}
}

// corrupt is an Error about damaged data.
func corrupt(format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Reason: Corrupt, What: err.Error(), Err: errors.Unwrap(err)}
}

// ended says why a context is done: its time was up, or its owner gave up.
func ended(ctx context.Context) Reason {
	var t interface{ Timeout() bool }
	if errors.As(context.Cause(ctx), &t) && t.Timeout() {
		return Timeout
	}
	return Canceled
}

// storageError is an Error about our own disk.
func storageError(dir string, err error) *Error {
	hint := "check the directory and its permissions"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "free space or give it a larger volume; the last good commit stays in force"
	case errors.Is(err, syscall.EROFS):
		hint = "mount a writable volume there, or leave the directory out to keep commits in memory"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		hint = "raise the limit of open files"
	}
	return &Error{Reason: Storage, Where: dir, What: "cannot store the commit: " + err.Error(), Hint: hint, Err: err}
}
