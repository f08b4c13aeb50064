package testcluster

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestSharedClusterIsTheOneOfTheStateFileAndGoesOn(t *testing.T) {
	t.Setenv("MAJORDOMO_CLUSTER_STATE", filepath.Join(cluster.server().Dir, "state.json"))
	shared, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shared.Config().Host, cluster.Config().Host; got != want {
		t.Errorf("shared cluster is at %s, want %s", got, want)
	}
	shared.Stop()
	if err := cluster.server().healthy(t.Context()); err != nil {
		t.Errorf("after Stop of the shared one: %v", err)
	}
}

func TestStartTellsWhyASharedClusterCannotBeUsed(t *testing.T) {
	dead, err := json.Marshal(state{Server: "https://127.0.0.1:1", CA: cluster.server().CA})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ content, want string }{
		"no such file":       {"", "no such file"},
		"not a state":        {"hello", "is not what `majordomo-cluster up` wrote"},
		"no longer answered": {string(dead), "does not answer, is it still up?"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.json")
			if c.content != "" {
				if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("MAJORDOMO_CLUSTER_STATE", file)
			_, err := Start(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
				t.Errorf("Start() = %v, want an error with %q and the file's name", err, c.want)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("no longer wanted")
	cancel(cause)
	before := goleak.IgnoreCurrent()
	c, err := Start(ctx, "--nodes=1")
	if err == nil {
		c.Stop()
	}
	if !errors.Is(err, cause) {
		t.Errorf("Start() = %v, want %v", err, cause)
	}
	goleak.VerifyNone(t, before)
}

func TestStoppedClusterIsNotStartedAgain(t *testing.T) {
	c := new(Cluster)
	c.Stop()
	if err := c.start(t.Context(), nil); err == nil {
		t.Error("start after Stop succeeded")
	}
}

func TestUpRefusesBadFlags(t *testing.T) {
	for _, c := range []struct{ flag, want string }{
		{"--nodes=-1", "cannot be negative"},
		{"--pod-delay=soon", "pod-delay"},
		{"--node-memory=lots", `--node-memory "lots": want a quantity such as`},
		{"--token=ci", `--token "ci": want NAME=USER[,GROUP...]`},
		{"--token=ci=", "want NAME=USER[,GROUP...]"},
		{"--bogus", "unknown flag: --bogus"},
		{"bogus", `unexpected argument "bogus": a command goes after --`},
	} {
		t.Run(c.flag, func(t *testing.T) {
			_, err := Start(t.Context(), c.flag)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("up %s: %v, want an error with %q", c.flag, err, c.want)
			}
		})
	}
}

func TestUpRunsACommandWithTheClusterAndEndsAsItDoes(t *testing.T) {
	t.Parallel()
	binary, err := Binary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	script := `cat "$MAJORDOMO_CLUSTER_STATE" && exit 7`
	cmd := exec.CommandContext(t.Context(), binary, "up", "--nodes=1", "--token=ci=robot,builders,testers", "--", "sh", "-c", script)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("the command's exit code is 7, that of up: %v", err)
	}
	var st state
	if err := json.Unmarshal(out, &st); err != nil {
		t.Fatalf("state %q: %v", out, err)
	}
	if st.Tokens["ci"] == "" {
		t.Errorf("no token of the name ci in %v", st.Tokens)
	}
	if _, err := os.Stat(st.Dir); !os.IsNotExist(err) {
		t.Errorf("stat %s = %v, want it removed", st.Dir, err)
	}
}
