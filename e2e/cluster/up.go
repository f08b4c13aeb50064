package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// state is what `up` tells whoever wants to use the cluster.
type state struct {
	Server     string            `json:"server"`
	CA         string            `json:"ca"`    // path of the CA's certificate
	CAKey      string            `json:"caKey"` // path of its key, with which client certificates are signed
	Kubeconfig string            `json:"kubeconfig"`
	AdminToken string            `json:"adminToken"`
	Tokens     map[string]string `json:"tokens,omitempty"` // of the --token flags, by name
	Dir        string            `json:"dir"`
	AuditLog   string            `json:"auditLog"`
	PID        int               `json:"pid"`
}

// errEnded is the cause of an ordinary end: the owner is gone, or asked for it.
var errEnded = errors.New("asked to end")

func up() int {
	opts, err := parseOptions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "majordomo-cluster up:", err)
		return 2
	}
	err = runCluster(opts)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	}
	fmt.Fprintln(os.Stderr, "majordomo-cluster up:", err)
	return 1
}

// runCluster starts a cluster, lets it work until the end is asked for, and leaves nothing behind.
func runCluster(opts upOptions) (err error) {
	ctx, cancel := untilEnded(len(opts.command) == 0)
	defer cancel(nil)
	if err := sweep(); err != nil {
		fmt.Fprintln(os.Stderr, "majordomo-cluster up: remove what killed clusters left:", err)
	}
	d, err := newDirectory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.remove()) }()
	children := &children{dir: d, died: cancel}
	defer children.stop()
	st, client, err := start(ctx, opts, d, children)
	if err == nil {
		var wait sync.WaitGroup
		defer wait.Wait()
		wait.Go(func() { runStandIns(ctx, client, opts) })
		err = serve(ctx, opts, st)
		cancel(errEnded)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errEnded) {
		return cause // a component died: that explains whatever else failed
	}
	return err
}

// untilEnded gives a context that ends with a signal or, where the standard input is the owner's, with that.
func untilEnded(watchInput bool) (context.Context, context.CancelCauseFunc) {
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		<-signals
		cancel(errEnded)
	}()
	if watchInput {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel(errEnded)
		}()
	}
	return ctx, cancel
}

// serve tells where the cluster is, and lets it work until the context or the command ends.
func serve(ctx context.Context, opts upOptions, st state) error {
	line, err := json.Marshal(st)
	if err != nil {
		return err
	}
	file := filepath.Join(st.Dir, "state.json")
	if err := os.WriteFile(file, append(line, '\n'), 0o600); err != nil {
		return err
	}
	if len(opts.command) > 0 {
		return runCommand(ctx, opts.command, file)
	}
	if _, err := fmt.Println(string(line)); err != nil {
		return fmt.Errorf("tell where the cluster is: %w", err)
	}
	<-ctx.Done()
	return nil
}

// runCommand runs a command that finds the cluster by its environment.
func runCommand(ctx context.Context, command []string, file string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "MAJORDOMO_CLUSTER_STATE="+file)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	return cmd.Run()
}
