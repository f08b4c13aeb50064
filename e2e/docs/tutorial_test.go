package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"majordomo.dev/e2e/testcluster"
)

// blocks returns the indented code of the sections of a page, in the order of the sections.
func blocks(text string) map[string]string {
	out, section := map[string]string{}, ""
	for l := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(l, "## "); ok {
			section = strings.TrimSpace(name)
		}
		if code, ok := strings.CutPrefix(l, "    "); ok {
			out[section] += code
		}
	}
	return out
}

// script is what a reader of the tutorial types, from what Git says to the commit that is taken back, with the machines and Jenkins left out: the
// cluster is a test's, whose pods run nothing.
func script(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	all := blocks(string(text))
	var b strings.Builder
	b.WriteString("set -e\n")
	for _, section := range []string{"3. What Git says", "4. Rights and passwords", "5. The first sync", "6. Break it", "7. A commit"} {
		code := all[section]
		if code == "" {
			t.Fatalf("docs/tutorial.md has no section %q with commands", section)
		}
		b.WriteString(code)
		if section == "6. Break it" {
			b.WriteString("until kubectl -n jenkins-vagrant get service jenkins-agents; do :; done\n" +
				"until kubectl -n jenkins-vagrant get service jenkins -o jsonpath='{.spec.ports[0].targetPort}' | grep -v 9999; do :; done\n")
		}
	}
	got := b.String()
	for typed, instead := range map[string]string{
		"majordomo run --repo . --leader-election=false --state-dir ~/.cache/majordomo\n": "majordomo run --repo . --leader-election=false --state-dir ~/.cache/majordomo >log 2>&1 &\ntrap 'kill %1; wait; cat log' EXIT\n",
		"majordomo status -w\n":                  "until majordomo wait vagrant; do :; done\n",
		"a mistake'\nmajordomo sync vagrant\n":   "a mistake'\n! majordomo sync vagrant\n",
		"kubectl describe environment vagrant\n": "until kubectl describe environment vagrant | grep -m1 DriftRepaired; do :; done\n",
	} {
		if !strings.Contains(got, typed) {
			t.Fatalf("docs/tutorial.md no longer says %q", typed)
		}
		got = strings.Replace(got, typed, instead, 1)
	}
	return got
}

// configRepository is a copy of what this repository has of one, with a first commit.
func configRepository(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"manifests", "overlays"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	fleet, err := os.ReadFile(root + "/fleet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "fleet.yaml"), fleet, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheTutorialDoesWhatItSays(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cluster, err := testcluster.Start(ctx, "--nodes=2") // of its own: the objects of the overlay have fixed names
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	binary, err := testcluster.Binary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	repo, bin := filepath.Join(dir, "repo"), filepath.Join(dir, "bin")
	for _, d := range []string{repo, bin} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	configRepository(t, repo)
	kubectl := "#!/bin/sh\nexec '" + binary + "' kubectl \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "kubectl"), []byte(kubectl), 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(bin, "majordomo"), "./reconciler")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	c := exec.CommandContext(ctx, "bash", "-c", "git init -q -b main && git add -A && git commit -qm first\n"+script(t))
	c.Dir = repo
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // its trap ends majordomo, too
	c.WaitDelay = 10 * time.Second
	c.Env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir, "KUBECONFIG=" + cluster.Kubeconfig(t, "vagrant"), "NO_COLOR=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com", "GIT_CONFIG_GLOBAL=/dev/null",
		"MAJORDOMO_LISTEN=127.0.0.1:0", "MAJORDOMO_INTERVAL=1s",
	}
	out, err := c.CombinedOutput()
	text := string(out)
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) || err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{"no findings", "not in the cluster yet", `service "jenkins-agents" deleted`, "DriftRepaired", "kustomization.yaml"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing said %q:\n%s", want, text)
		}
	}
}
