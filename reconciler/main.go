// Command majordomo keeps Jenkins masters and their agent fleets the way a Git repository says. It is the controller, `majordomo run`, and
// the command line beside it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
)

func main() { os.Exit(process()) }

// process runs the program as a process of its own: with signals, the streams, and the logger of the Kubernetes libraries silenced.
func process() int {
	signal.Ignore(syscall.SIGPIPE) // writing to a closed pipe is then an error, and ends the command quietly
	klog.SetSlogLogger(discard())
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		sent, _ := (<-signals).(syscall.Signal)
		signal.Stop(signals) // the second one ends the program at once
		cancel(signalled{sent})
	}()
	return run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
}
