package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"majordomo.dev/e2e/testcluster"
)

var real *testcluster.Cluster

// tests runs the tests of this binary with a cluster, which starts when one first uses it.
type tests struct{ *testing.M }

func (m tests) Run() int {
	return testcluster.Main(m.M, func(c *testcluster.Cluster) { real = c })
}

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"majordomo": main})
}

// TestScript runs the program as its users do, by one script for each thing that they rely on.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			return os.Mkdir(e.WorkDir+"/home", 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits is the command "exits CODE COMMAND ARGS...": the command has to end with that exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%q: %v", args[1:], err)
	}
	if got != want {
		ts.Fatalf("%q ended with %d, want %d", args[1:], got, want)
	}
}
