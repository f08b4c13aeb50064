package render

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sealed tells a child of the tests to run without sockets and programs; its value may ask it to break that.
const sealed = "MAJORDOMO_TEST_SEALED"

func TestMain(m *testing.M) {
	mode := os.Getenv(sealed)
	if mode != "" {
		if err := seal(); err != nil {
			fmt.Fprintln(os.Stderr, "seal:", err)
			os.Exit(3)
		}
	}
	switch mode {
	case "socket":
		_, _ = (&net.Dialer{}).DialContext(context.Background(), "udp", "127.0.0.1:9")
	case "program":
		_ = exec.Command("/proc/self/exe", "-h").Run() //nolint:noctx // it must not start
	}
	os.Exit(m.Run())
}

// seal has the kernel kill this process, whatever its thread, when it opens a socket or starts a program.
func seal() error {
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return errors.New("no filter for this architecture")
	}
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	unless := func(k uint32) unix.SockFilter { // skips the next unless equal
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: k}
	}
	end := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	program := []unix.SockFilter{load(4), {Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: arch}, end(unix.SECCOMP_RET_KILL_PROCESS), load(0)}
	for _, call := range []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_EXECVE, unix.SYS_EXECVEAT} {
		program = append(program, unless(call), end(unix.SECCOMP_RET_KILL_PROCESS))
	}
	// A new process is a clone that is no thread. clone3 hides its flags in memory; without it everybody falls back to clone.
	program = append(program, unless(unix.SYS_CLONE3), end(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS)))
	program = append(program,
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 3, K: unix.SYS_CLONE}, load(16),
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jt: 1, K: unix.CLONE_THREAD}, end(unix.SECCOMP_RET_KILL_PROCESS))
	program = append(program, end(unix.SECCOMP_RET_ALLOW))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return errno
	}
	return nil
}

func child(t *testing.T, mode string) (*os.ProcessState, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^(TestRefuse|TestWarn|TestRender|TestOverlaysOfTheProject|FuzzKustomization)$", "-test.count=1")
	cmd.Env = []string{sealed + "=" + mode, "PATH="}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState, string(out)
}

// TestHermetic renders all that is hostile and all that is good in a process that dies of opening a socket or starting a program.
func TestHermetic(t *testing.T) {
	if os.Getenv(sealed) != "" {
		t.Fatal("runs itself")
	}
	for _, mode := range []string{"socket", "program"} {
		state, out := child(t, mode)
		if status, ok := state.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGSYS {
			t.Fatalf("the proof does not prove: a child that uses a %s ended with %s\n%s", mode, state, out)
		}
	}
	if state, out := child(t, "render"); !state.Success() {
		t.Errorf("ended with %s\n%s", state, out)
	}
}

// TestOverlaysOfTheProject renders the overlays that the project itself has.
func TestOverlaysOfTheProject(t *testing.T) {
	root, err := Dir("../..")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	overlays, err := filepath.Glob("../../overlays/*/kustomization.yaml")
	if err != nil || len(overlays) == 0 {
		t.Fatalf("no overlays: %v", err)
	}
	for _, o := range overlays {
		sameAsKustomize(t, root, filepath.Join("overlays", filepath.Base(filepath.Dir(o))))
	}
}
