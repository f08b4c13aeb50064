package testcluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

// stopLimit is how long a cluster may take to end before it is killed.
const stopLimit = 20 * time.Second

// state is the line that `majordomo-cluster up` prints.
type state struct {
	Server     string            `json:"server"`
	CA         string            `json:"ca"`
	CAKey      string            `json:"caKey"`
	Kubeconfig string            `json:"kubeconfig"`
	AdminToken string            `json:"adminToken"`
	Tokens     map[string]string `json:"tokens"`
	Dir        string            `json:"dir"`
	AuditLog   string            `json:"auditLog"`
	PID        int               `json:"pid"`
}

// server is a cluster that answers; process is nil for a shared one.
type server struct {
	state
	process *process
}

// process is `majordomo-cluster up`. It lives as long as its standard input is open, so it ends with
// this process even if that is killed.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
	done   chan struct{}
	err    error
}

// attach uses the cluster that a state file describes.
func attach(ctx context.Context, file string) (*server, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("MAJORDOMO_CLUSTER_STATE: %w", err)
	}
	s := new(server)
	if err := json.Unmarshal(b, &s.state); err != nil {
		return nil, fmt.Errorf("MAJORDOMO_CLUSTER_STATE: %s is not what `majordomo-cluster up` wrote: %w", file, err)
	}
	if err := s.healthy(ctx); err != nil {
		return nil, fmt.Errorf("the cluster that %s describes does not answer, is it still up? %w", file, err)
	}
	return s, nil
}

func (s *server) healthy(ctx context.Context) error {
	transport, err := rest.TransportFor(s.config())
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Server+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("readyz: %s", res.Status)
	}
	return nil
}

// launch starts a cluster and waits until it is ready.
func launch(ctx context.Context, args []string) (*server, error) {
	binary, err := Binary(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{done: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, append([]string{"up"}, args...)...)
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for the tests
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	p.cmd.Stdout = out
	err = p.cmd.Start()
	_ = out.Close()
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	return p.await(ctx, stdout)
}

// await reads the line that tells that the cluster is ready.
func (p *process) await(ctx context.Context, stdout *os.File) (*server, error) {
	stop := context.AfterFunc(ctx, func() { _ = stdout.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	s := &server{process: p}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.state)
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("%s: %w", p.cmd, errors.Join(context.Cause(ctx), p.err, errors.New(p.stderr.String())))
	}
	return s, nil
}

func (s *server) stop() {
	if s.process != nil {
		s.process.stop()
	}
}

// stop lets the cluster end and waits for it.
func (p *process) stop() {
	_ = p.stdin.Close() // fails only where it is closed already
	timer := time.AfterFunc(stopLimit, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	<-p.done
}
