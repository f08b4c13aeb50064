package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/simulate/trace"
)

// built is a Jenkins that has built.
func built(t *testing.T) (url, tokenFile string) {
	t.Helper()
	now := time.Now().Add(-2 * time.Hour).Truncate(time.Second)
	clock := jenkinstest.NewClock(now)
	j := jenkinstest.New(jenkinstest.Options{Now: clock.Now, Executors: 1})
	j.AddJob(
		jenkinstest.Job{Name: "shop/main", Label: "linux && docker", Duration: time.Minute},
		jenkinstest.Job{Name: "docs", Label: "linux", Duration: 2 * time.Minute},
		jenkinstest.Job{Name: "housekeeping", Label: "master", Duration: time.Minute},
		jenkinstest.Job{Name: "release", Pipeline: true, Label: "linux", Duration: 3 * time.Minute},
	)
	j.AddNode(jenkinstest.Node{Name: "agent-1", Labels: []string{"linux", "docker"}, Executors: 3})
	for _, job := range []string{"shop/main", "docs", "release", "housekeeping", "shop/main"} {
		j.Enqueue(job, 1)
		clock.Advance(10 * time.Minute)
		j.Stats()
	}
	j.Enqueue("docs", 1) // it still runs
	_, token := j.Credentials("reader")
	tokenFile = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return j.Start(t), tokenFile
}

func majordomo(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestExportWritesTheBuildsThatAgentsRan(t *testing.T) {
	url, token := built(t)
	file := filepath.Join(t.TempDir(), "builds.csv")
	o := majordomo(t, "trace", "export", "--jenkins", url, "--user", "reader", "--token-file", token, "-o", file)
	if o.code != 0 || o.stdout != "" {
		t.Fatalf("ended with %d, stdout %q, stderr %s", o.code, o.stdout, o.stderr)
	}
	has(t, o.stderr, "pipelines among the builds: 1", "left out, on the built-in node: 1", "✔ builds written: 4")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := trace.Read("builds.csv", bytes.NewReader(data), "")
	if err != nil {
		t.Fatal(err)
	}
	builds := map[string]time.Duration{}
	for _, b := range got.Builds {
		builds[got.Jobs[b.Job]] += b.Duration
	}
	if len(got.Builds) != 4 || builds["shop/main"] != 2*time.Minute || builds["docs"] != 2*time.Minute || builds["release"] < 3*time.Minute {
		t.Errorf("builds %v in\n%s", builds, data)
	}
	if !strings.Contains(string(data), ",shop/main,linux && docker,") {
		t.Errorf("no label in\n%s", data)
	}
	if o := majordomo(t, "simulate", "--trace", file, "--label", "linux && docker"); o.code != 0 {
		t.Errorf("the file is no trace: %s", o.stderr)
	}
}

func TestExportTakesBuildsOfALabelOrOfATime(t *testing.T) {
	url, token := built(t)
	o := majordomo(t, "trace", "export", "--jenkins", url, "--user", "reader", "--token-file", token, "--label", "linux", "-o", "-")
	if o.code != 0 || strings.Count(o.stdout, "\n") != 2 || !strings.Contains(o.stdout, ",docs,linux,") {
		t.Errorf("label linux: ended with %d, %s\n%s", o.code, o.stderr, o.stdout)
	}
	has(t, o.stderr, "left out, of other labels or pipelines: 4", "✔ builds written: 1")
	o = majordomo(t, "trace", "export", "--jenkins", url, "--user", "reader", "--token-file", token, "--since", "1m", "-o", "-")
	if o.code != exitFailure || !strings.Contains(o.stderr, "ran none on agents in the last 1m0s") {
		t.Errorf("since a minute ago: ended with %d, %s", o.code, o.stderr)
	}
}

func TestExportLeavesNoFileWithoutAnAnswer(t *testing.T) {
	url, token := built(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "builds.csv")
	if err := os.WriteFile(token, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := majordomo(t, "trace", "export", "--jenkins", url, "--user", "reader", "--token-file", token, "-o", file)
	if o.code != exitAuth {
		t.Errorf("wrong token: ended with %d, want %d: %s", o.code, exitAuth, o.stderr)
	}
	if strings.Contains(o.stderr, "wrong\n") {
		t.Errorf("the token is in %s", o.stderr)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, error %v", left, err)
	}
}
