package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"majordomo.dev/reconciler/object"
)

// app is one run of the program: what it was given, and the flags that all commands share.
type app struct {
	getenv func(string) string
	stdin  io.Reader
	out    *bufio.Writer // data
	stdout terminal      // what out writes to
	stderr terminal      // progress, warnings, errors
	now    func() time.Time

	color      choice
	quiet      bool
	verbose    bool
	kubeconfig string
	context    string
	allowExec  bool
}

// run is the whole program: everything that it depends on comes in as an argument.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{getenv: getenv, stdin: stdin, now: time.Now, color: choice{value: "auto", allowed: []string{"auto", "always", "never"}}}
	a.streams(stdout, stderr)
	root := a.root() //nolint:contextcheck // the commands get ctx from cobra, when they run
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(a.out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if flushed := a.out.Flush(); err == nil {
		err = flushed
	}
	code := exitCode(ctx, err)
	var own exit
	silent := errors.Is(err, syscall.EPIPE) || errors.As(err, &own) && own.err == nil
	if err != nil && !silent && code < exitSignal {
		a.failed(err)
	}
	return code
}

// streams sets the output up for what the flags say.
func (a *app) streams(stdout, stderr io.Writer) {
	a.stdout = newTerminal(stdout, a.color.value, a.getenv)
	a.stderr = newTerminal(stderr, a.color.value, a.getenv)
	if a.out == nil {
		a.out = bufio.NewWriterSize(a.stdout, 64<<10)
	}
}

// printf writes data. An error shows when the output is flushed.
func (a *app) printf(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format, args...) }

// say writes one line of progress.
func (a *app) say(s style, mark, format string, args ...any) {
	if a.quiet {
		return
	}
	_ = a.out.Flush() // so that the two streams stay in order where they are one
	_, _ = fmt.Fprintf(a.stderr, "%s %s\n", a.stderr.paint(s, mark), safe(fmt.Sprintf(format, args...)))
}

func (a *app) step(format string, args ...any) { a.say(cyan, "►", format, args...) }
func (a *app) done(format string, args ...any) { a.say(green, "✔", format, args...) }
func (a *app) warn(format string, args ...any) { a.say(yellow, "!", format, args...) }

// failed writes why the command did not work; --quiet does not silence it.
func (a *app) failed(err error) {
	text := strings.TrimSpace(safe(object.RedactURL(err.Error())))
	for i, line := range strings.Split(text, "\n") {
		mark := a.stderr.paint(red, "✗")
		if i > 0 {
			mark = " "
		}
		_, _ = fmt.Fprintf(a.stderr, "%s %s\n", mark, line)
	}
}

// log returns the logger of the packages below: silent, unless --verbose asks to see what they do.
func (a *app) log() *slog.Logger {
	if !a.verbose {
		return discard()
	}
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
