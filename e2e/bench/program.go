package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"majordomo.dev/e2e/testcluster"
)

// bench is a cluster, a repository and the program at work on both.
type bench struct {
	size    size
	binary  string
	dir     string
	cluster *testcluster.Cluster
	fleet   *fleet
	program *exec.Cmd
	log     *os.File
	hook    string // URL of the webhook
	polled  time.Duration
}

// secret signs the webhooks that tell the program of a commit at once, so that no wait for the next poll is measured.
const secret = "0123456789abcdef0123456789abcdef"

func start(ctx context.Context, binary string, s size) (*bench, error) {
	dir, err := os.MkdirTemp("", "majordomo-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{size: s, binary: binary, dir: dir, polled: time.Second}
	note("starting a cluster")
	if b.cluster, err = testcluster.Start(ctx); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, "repository"), 0o755); err != nil {
		return nil, err
	}
	if b.fleet, err = newFleet(ctx, filepath.Join(dir, "repository"), s); err != nil {
		b.stop()
		return nil, err
	}
	for i := range s.environments {
		if err := b.namespace(ctx, environment(i)); err != nil {
			b.stop()
			return nil, err
		}
	}
	if err := b.launch(ctx, binary); err != nil {
		b.stop()
		return nil, err
	}
	return b, nil
}

func (b *bench) launch(ctx context.Context, binary string) error {
	config := filepath.Join(b.dir, "kubeconfig")
	if err := kubeconfig(b.cluster.Config(), config); err != nil {
		return err
	}
	secretFile := filepath.Join(b.dir, "webhook")
	if err := os.WriteFile(secretFile, []byte(secret), 0o600); err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	_ = l.Close()
	b.hook = "http://" + address + "/hooks/git"
	if b.log, err = os.Create(filepath.Join(b.dir, "log")); err != nil {
		return err
	}
	b.program = exec.CommandContext(context.WithoutCancel(ctx), binary, "run", "--repo", b.fleet.dir, "--interval", b.polled.String(), "--kubeconfig", config,
		"--listen", "", "--webhook-listen", address, "--webhook-secret-files", secretFile, "--state-dir", filepath.Join(b.dir, "state"),
		"--leader-election=false", "--log-level", "warn")
	b.program.Stdout, b.program.Stderr = b.log, b.log
	return b.program.Start()
}

func kubeconfig(c *rest.Config, path string) error {
	cfg := api.NewConfig()
	cfg.Clusters["c"] = &api.Cluster{Server: c.Host, CertificateAuthority: c.CAFile}
	cfg.AuthInfos["u"] = &api.AuthInfo{Token: c.BearerToken}
	cfg.Contexts["c"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	cfg.CurrentContext = "c"
	return clientcmd.WriteToFile(*cfg, path)
}

// halt stops the program.
func (b *bench) halt() {
	if b.program != nil && b.program.Process != nil {
		_ = b.program.Process.Signal(syscall.SIGTERM)
		_ = b.program.Wait()
	}
	if b.log != nil {
		_ = b.log.Close()
	}
	b.program, b.log = nil, nil
}

func (b *bench) stop() {
	b.halt()
	b.cluster.Stop()
	_ = os.RemoveAll(b.dir)
}

// wake tells the program of a commit, as a Git host does.
func (b *bench) wake(ctx context.Context, commit string) error {
	body := fmt.Appendf(nil, `{"ref":"refs/heads/main","after":%q}`, commit)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.hook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return fmt.Errorf("%w; the program says: %s", err, b.tail())
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return fmt.Errorf("webhook: %s %s", answer.Status, text)
	}
	return nil
}

func (b *bench) tail() string {
	text, _ := os.ReadFile(b.log.Name())
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}

func note(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
