package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
)

// program is one component of the cluster and its flags.
type program struct {
	name string
	args []string
}

// children are the running components, in the order they were started.
type children struct {
	dir     directory
	died    context.CancelCauseFunc // told when a component ends by itself
	running []*child
}

type child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// start runs a component as a process of its own, which the kernel kills should this one die. The socket,
// if any, is the one it listens on.
func (c *children) start(p program, socket *os.File) error {
	log, err := os.Create(c.dir.path(p.name + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("/proc/self/exe", p.args...) //nolint:noctx // it outlives every call: stop ends it
	cmd.Args[0] = p.name
	cmd.Dir = c.dir.name
	cmd.Env = environment(c.dir)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if socket != nil {
		cmd.ExtraFiles = []*os.File{socket}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ch := &child{cmd: cmd, done: make(chan struct{})}
	c.running = append(c.running, ch)
	go func() {
		defer close(ch.done)
		_ = cmd.Wait() // what it was is in ProcessState
		c.died(fmt.Errorf("%s ended: %s; its log ends with\n%s", p.name, cmd.ProcessState, tail(log.Name())))
	}()
	return nil
}

// environment keeps the user's own configuration (KUBECONFIG, HOME, proxies) away from the cluster.
func environment(d directory) []string {
	env := []string{"HOME=" + d.name, "TMPDIR=" + d.name}
	for _, name := range []string{"PATH", "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// stop ends the components, clients before servers. There is nothing to save, so none is asked.
func (c *children) stop() {
	for _, ch := range slices.Backward(c.running) {
		_ = ch.cmd.Process.Kill() // fails only for one that has ended
		<-ch.done
	}
}

// tail returns the last lines of a log.
func tail(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-20):], []byte("\n"))
}
