// Command demo shows Majordomo at work, step by step and with the times it took: a private Kubernetes cluster, a local Git repository with
// the project's own manifests and overlays, and `majordomo run` between them. It ends with 1 if anything did not happen as it should.
// At a terminal, and with KEEP=1, everything stays up until Ctrl-C; with KEEP=0 nothing does. Nothing of the user's is read, and nothing is
// left behind.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/term"
)

func main() {
	// The processes that the demo starts die with the thread that started them, so that has to be the one that lives longest.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, newReport(os.Stdout), stays(os.Getenv("KEEP"), term.IsTerminal(int(os.Stdout.Fd()))))
	stop()
	os.Exit(code)
}

// stays tells whether everything stays up after the last step: where somebody looks, unless it is said.
func stays(keep string, terminal bool) bool {
	if keep == "" {
		return terminal
	}
	return keep != "0"
}

// run is the whole demo; its result is the exit code.
func run(ctx context.Context, out *report, keep bool) int {
	d, err := setUp(ctx, out)
	defer d.tearDown()
	if err == nil {
		err = d.play(ctx, story())
		out.summary()
	}
	switch {
	case ctx.Err() != nil:
		out.line("\ninterrupted")
		return 130
	case err != nil:
		out.line("\nthe demo failed: %v", err)
		d.showLog()
	}
	if keep && d.program != nil {
		d.stay(ctx)
	}
	if err != nil {
		return 1
	}
	if !keep {
		out.line("\nDashboard: %s (gone with the demo: `make demo KEEP=1` keeps it up for you to open)", d.dashboard)
	}
	return 0
}

// errUnexpected marks an outcome that is not the expected one.
var errUnexpected = errors.New("not as expected")

func unexpected(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUnexpected, fmt.Sprintf(format, args...))
}
