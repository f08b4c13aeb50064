// Package gittest makes Git repositories for tests with the git program, served over http and ssh as real servers do,
// with faults where a test wants them.
package gittest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Repo is a bare repository. Its methods fail the test when git does.
type Repo struct {
	// Dir is the repository's directory.
	Dir string

	t      testing.TB
	branch string
	clock  time.Time
}

// NewRepo returns an empty repository whose branch is main.
func NewRepo(t testing.TB) *Repo {
	t.Helper()
	r := &Repo{
		Dir: filepath.Join(t.TempDir(), "repo.git"), t: t, branch: "main",
		clock: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	r.run(nil, "init", "-q", "--bare", "-b", "main", r.Dir)
	return r
}

// Env is the environment for git that keeps the user's and the machine's settings out.
func Env(extra ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
	}, extra...)
}

// Git runs git in the repository and returns what it prints, without the last newline.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	return r.run(nil, append([]string{"--git-dir", r.Dir}, args...)...)
}

func (r *Repo) run(stdin []byte, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	when := fmt.Sprintf("%d +0000", r.clock.Unix())
	cmd.Env = Env("GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Commit adds or replaces files on the branch and returns the new commit's hash.
func (r *Repo) Commit(files map[string]string, msg string) string {
	r.t.Helper()
	return r.commit(r.head(), msg, changes(files))
}

// Remove deletes files and directories and returns the new commit's hash.
func (r *Repo) Remove(paths ...string) string {
	r.t.Helper()
	var b bytes.Buffer
	for _, p := range paths {
		fmt.Fprintf(&b, "D %s\n", quote(p))
	}
	return r.commit(r.head(), "remove "+strings.Join(paths, " "), b.Bytes())
}

// Link commits a symbolic link and returns the new commit's hash.
func (r *Repo) Link(path, target string) string {
	r.t.Helper()
	change := fmt.Appendf(nil, "M 120000 inline %s\ndata %d\n%s\n", quote(path), len(target), target)
	return r.commit(r.head(), "link "+path, change)
}

// Executable commits an executable file and returns the new commit's hash.
func (r *Repo) Executable(path, content string) string {
	r.t.Helper()
	change := fmt.Appendf(nil, "M 100755 inline %s\ndata %d\n%s\n", quote(path), len(content), content)
	return r.commit(r.head(), "add "+path, change)
}

// Submodule commits a submodule and returns the new commit's hash.
func (r *Repo) Submodule(path, url string) string {
	r.t.Helper()
	modules := fmt.Sprintf("[submodule %q]\n\tpath = %s\n\turl = %s\n", path, path, url)
	change := fmt.Appendf(changes(map[string]string{".gitmodules": modules}), "M 160000 %040d %s\n", 1, quote(path))
	return r.commit(r.head(), "submodule "+path, change)
}

// ForcePush replaces the branch by a single commit without parents and returns its hash.
func (r *Repo) ForcePush(files map[string]string, msg string) string {
	r.t.Helper()
	return r.commit("", msg, append([]byte("deleteall\n"), changes(files)...))
}

// Reset moves the branch to a commit.
func (r *Repo) Reset(hash string) {
	r.t.Helper()
	r.Git("update-ref", "refs/heads/"+r.branch, hash)
}

// Switch makes later commits go to another branch, which starts where the current one is.
func (r *Repo) Switch(branch string) {
	r.t.Helper()
	if h := r.head(); h != "" && r.Git("for-each-ref", "refs/heads/"+branch) == "" {
		r.Git("update-ref", "refs/heads/"+branch, h)
	}
	r.branch = branch
}

// DeleteBranch deletes a branch.
func (r *Repo) DeleteBranch(branch string) {
	r.t.Helper()
	r.Git("update-ref", "-d", "refs/heads/"+branch)
}

// Tag makes or moves an annotated tag of the branch's head.
func (r *Repo) Tag(name string) {
	r.t.Helper()
	r.Git("tag", "-f", "-a", "-m", "tag "+name, name, r.head())
}

// Raw stores an object of any content, valid or not, and returns its hash.
func (r *Repo) Raw(kind string, content []byte) string {
	r.t.Helper()
	return r.run(content, "--git-dir", r.Dir, "hash-object", "-t", kind, "-w", "--stdin", "--literally")
}

// CommitTree commits a tree that is stored already and returns the new commit's hash.
func (r *Repo) CommitTree(tree string) string {
	r.t.Helper()
	h := r.Git("commit-tree", "-m", "raw tree", tree)
	r.Reset(h)
	return h
}

// Head returns the commit that the branch names.
func (r *Repo) Head() string {
	r.t.Helper()
	return r.head()
}

func (r *Repo) head() string {
	r.t.Helper()
	return r.Git("for-each-ref", "--format=%(objectname)", "refs/heads/"+r.branch)
}

// commit feeds one commit to git fast-import.
func (r *Repo) commit(parent, msg string, changes []byte) string {
	r.t.Helper()
	r.clock = r.clock.Add(time.Minute)
	var b bytes.Buffer
	who := fmt.Sprintf("Ada <ada@example.com> %d +0000", r.clock.Unix())
	fmt.Fprintf(&b, "commit refs/heads/%s\nauthor %s\ncommitter %s\ndata %d\n%s\n", r.branch, who, who, len(msg), msg)
	if parent != "" {
		fmt.Fprintf(&b, "from %s\n", parent)
	}
	b.Write(changes)
	r.run(b.Bytes(), "--git-dir", r.Dir, "fast-import", "--quiet", "--force")
	return r.head()
}

func changes(files map[string]string) []byte {
	var b bytes.Buffer
	for _, path := range sortedKeys(files) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", quote(path), len(files[path]), files[path])
	}
	return b.Bytes()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// quote writes a path as fast-import reads it, byte by byte where it must.
func quote(path string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(path) {
		if c := path[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, "\\%03o", c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
