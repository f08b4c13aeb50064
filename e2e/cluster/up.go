package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
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

// runCluster starts a cluster, serves until the end is asked for, and leaves nothing behind.
func runCluster(opts upOptions) (err error) {
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		<-signals
		cancel(errEnded)
	}()
	if len(opts.command) == 0 {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel(errEnded)
		}()
	}
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
	st, err := start(ctx, opts, d, children)
	if err == nil {
		err = serve(ctx, opts, st)
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errEnded) {
		return cause // a component died: that explains whatever else failed
	}
	if errors.Is(context.Cause(ctx), errEnded) && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// start writes the cluster's files, starts its components and waits until they work.
func start(ctx context.Context, opts upOptions, d directory, children *children) (state, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return state{}, err
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		return state{}, err
	}
	defer socket.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	st, err := writeFiles(opts, d, port, time.Now())
	if err != nil {
		return state{}, err
	}
	for _, p := range programs(d, port) {
		if err := children.start(p, socket); err != nil {
			return state{}, err
		}
	}
	return st, ready(ctx, opts, d)
}

// serve runs the stand-ins for what a cloud provides, until the context or the command ends.
func serve(ctx context.Context, opts upOptions, st state) error {
	line, err := json.Marshal(st)
	if err != nil {
		return err
	}
	file := st.Dir + "/state.json"
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
	return ctx.Err()
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
