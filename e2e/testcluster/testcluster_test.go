package testcluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// helperVariable makes the test binary the owner of a cluster that a test is going to kill.
const helperVariable = "TESTCLUSTER_HELPER"

// waitLimit is how long anything may take on a busy machine.
const waitLimit = 2 * time.Minute

var cluster *Cluster

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		own()
	}
	os.Exit(Main(m, func(c *Cluster) { cluster = c }))
}

// own starts a cluster, tells where it is, and waits to be killed.
func own() {
	c, err := Start(context.Background(), "--nodes=1")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(c.server().state)
	select {}
}

func TestNothingIsLeftWhenTheOwnerIsKilled(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	owner := exec.CommandContext(t.Context(), exe)
	owner.Env = append(os.Environ(), helperVariable+"=1")
	owner.Stderr = t.Output()
	stdout, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, readErr := bufio.NewReader(stdout).ReadBytes('\n')
	var st state
	if err := errors.Join(readErr, json.Unmarshal(line, &st)); err != nil {
		_ = owner.Wait()
		t.Fatal(err)
	}
	pids := append(childrenOf(t, st.PID), st.PID)
	if len(pids) != 6 {
		t.Errorf("processes of the cluster: %v, want the supervisor and its 5 components", pids)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	awaitGone(t, pids...)
	if _, err := os.Stat(st.Dir); !os.IsNotExist(err) {
		t.Errorf("stat %s = %v, want it removed", st.Dir, err)
	}
}

func TestNothingIsLeftWhenTheSupervisorIsKilled(t *testing.T) {
	t.Parallel()
	killed := startOwn(t)
	st := killed.server().state
	pids := childrenOf(t, st.PID)
	if err := syscall.Kill(st.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, pids...)
	killed.Stop()
	startOwn(t)
	if _, err := os.Stat(st.Dir); !os.IsNotExist(err) {
		t.Errorf("after the next start, stat %s = %v, want it removed", st.Dir, err)
	}
}

func TestTwoClustersRunAtOnceAndLeaveTheUsersFilesAlone(t *testing.T) {
	home := t.TempDir()
	files := map[string]string{".kube/config": "not a kubeconfig", ".kwok/kwok.yaml": "not: [a stage", "other": "nor this"}
	for name, content := range files {
		path := filepath.Join(home, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("KUBECONFIG", filepath.Join(home, "other"))
	second := startOwn(t)
	if a, b := cluster.Config().Host, second.Config().Host; a == b {
		t.Errorf("both clusters are at %s", a)
	}
	t.Run("a request to one is not in the log of the other", func(t *testing.T) {
		mark := cluster.Mark()
		ns := second.Namespace(t, nil)
		for _, r := range cluster.Requests(mark) {
			if r.Name == ns || r.Namespace == ns {
				t.Errorf("request for the second cluster in the first one's log: %+v", r)
			}
		}
	})
	second.Stop()
	sameFiles(t, home, files)
}

// sameFiles checks that a directory has these files and no others.
func sameFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	var found int
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		found++
		name, _ := filepath.Rel(dir, path)
		if got, _ := os.ReadFile(path); string(got) != files[name] {
			t.Errorf("%s is now %q, was %q", name, got, files[name])
		}
		return nil
	})
	if err != nil || found != len(files) {
		t.Errorf("%d files in %s, want %d (%v)", found, dir, len(files), err)
	}
}

// startOwn starts a cluster that is not shared.
func startOwn(t *testing.T) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	c, err := Start(ctx, "--nodes=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// childrenOf lists the processes whose parent a process is.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if fields := processStatus(child); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children
}

// processStatus gives the state of a process and what follows it in /proc/PID/stat, none for one that is gone.
func processStatus(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return strings.Fields(after)
}

// awaitGone waits until the processes have ended; one that nobody has waited for yet has.
func awaitGone(t *testing.T, pids ...int) {
	t.Helper()
	await(t, "the processes are gone", func() error {
		for _, pid := range pids {
			if status := processStatus(pid); len(status) > 0 && status[0] != "Z" {
				return fmt.Errorf("process %d is in state %s", pid, status[0])
			}
		}
		return nil
	})
}

// await fails the test if done does not return nil in time.
func await(t *testing.T, what string, done func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	if err := poll(ctx, done); err != nil {
		t.Fatalf("wait until %s: %v", what, err)
	}
}
