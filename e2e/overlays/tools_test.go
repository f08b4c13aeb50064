package overlays_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// tool returns the path of a program that checks files. Where it is missing, the test says so: as a failure where
// MAJORDOMO_REQUIRE_TOOLS=1, as `make check` sets it, else in the log.
func tool(t *testing.T, name string) (string, bool) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path, true
	}
	if os.Getenv("MAJORDOMO_REQUIRE_TOOLS") == "1" {
		t.Fatalf("%s is not installed, so nothing was checked: apt-get install %s", name, name)
	}
	t.Logf("%s is not installed, so nothing was checked: apt-get install %s", name, name)
	return "", false
}

func check(t *testing.T, name string, args ...string) {
	t.Helper()
	path, ok := tool(t, name)
	if !ok {
		return
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}

func TestScriptsPassShellcheck(t *testing.T) {
	scripts := slices.DeleteFunc(files(t, "manifests", "overlays"), func(path string) bool { return filepath.Ext(path) != ".sh" })
	if len(scripts) < 2 {
		t.Fatalf("found only %v", scripts)
	}
	check(t, "shellcheck", scripts...)
}

func TestTheScriptInTheAgentPassesShellcheck(t *testing.T) {
	for _, p := range pods(t, render(t, "manifests/agents")) {
		hook := p.template.Spec.Containers[0].Lifecycle.PreStop.Exec.Command
		script := filepath.Join(t.TempDir(), "pre-stop.sh")
		if err := os.WriteFile(script, []byte(hook[len(hook)-1]), 0o600); err != nil {
			t.Fatal(err)
		}
		check(t, "shellcheck", "--shell=sh", script)
	}
}

func TestTheVagrantfileParses(t *testing.T) {
	check(t, "ruby", "-c", "overlays/vagrant/Vagrantfile")
}
