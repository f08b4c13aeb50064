package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminals returns the two ends of a terminal: the person's and the program's.
func terminals(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func TestConfirmAsksAPersonAtATerminal(t *testing.T) {
	for answer, want := range map[string]int{"y\n": exitOK, "Yes\n": exitOK, "n\n": exitFailure, "\n": exitFailure} {
		person, program := terminals(t)
		if _, err := person.WriteString(answer); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		a := &app{getenv: func(string) string { return "" }, stdin: program}
		a.streams(&bytes.Buffer{}, &stderr)
		err := a.confirm(false, "Delete these objects?")
		if got := exitCode(t.Context(), err); got != want || stderr.String() != "Delete these objects? [y/N] " {
			t.Errorf("answer %q: %v (code %d), asked %q; want code %d", answer, err, got, stderr.String(), want)
		}
	}
}

func TestCompletionDoesNotHang(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := "apiVersion: v1\nkind: Config\ncurrent-context: x\ncontexts: [{name: x, context: {cluster: x}}]\nclusters: [{name: x, cluster: {server: '" + server.URL + "'}}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*completionTimeout)
	defer cancel()
	started := time.Now()
	var stdout bytes.Buffer
	code := run(ctx, []string{"__complete", "status", ""}, func(k string) string { return map[string]string{"KUBECONFIG": file}[k] }, strings.NewReader(""), &stdout, &bytes.Buffer{})
	if took := time.Since(started); code != exitOK || took > 4*completionTimeout {
		t.Errorf("completion from a cluster that hangs: code %d after %s, want 0 after %s", code, took, completionTimeout)
	}
}
