package git

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Commit is one commit, verified and whole, with its tree.
type Commit struct {
	Hash    string    // all 40 digits
	Author  string    // the author's name, fit to print
	Subject string    // the first line of the message, fit to print
	Time    time.Time // when it was committed

	id      plumbing.Hash
	objects objects
	tree    *tree
}

// Short returns the first seven digits of the hash.
func (c *Commit) Short() string { return c.Hash[:7] }

// String returns the short hash and the subject.
func (c *Commit) String() string { return c.Short() + " " + c.Subject }

// FS returns the commit's tree as a read-only file system. It implements fs.ReadDirFS, fs.ReadFileFS, fs.StatFS and
// fs.ReadLinkFS, follows symbolic links inside the tree, and is safe for concurrent use.
func (c *Commit) FS() fs.FS { return files{c} }

// Blob returns the hash that stands for everything that can be read at a path: of the file, after symbolic links, or
// of the tree of a directory (what links inside it lead to is not part of that). It is "" and false when there is
// nothing, and something else than any hash when the path is refused. The answer is a map lookup.
func (c *Commit) Blob(path string) (hash string, ok bool) {
	n, err := c.tree.resolve(path, true)
	if n == nil {
		return "", false
	}
	if err != nil {
		return n.hash.String() + "!", true // refused: not the same as a file with this content
	}
	return n.hash.String(), true
}

// damaged says that reading the commit from disk failed.
func (c *Commit) damaged() bool {
	p, ok := c.objects.(*pack)
	return ok && p.damaged.Load()
}

// readCommit reads a commit and its whole tree, so that every object it needs is known to be there.
func readCommit(s objects, h plumbing.Hash, l Limits) (*Commit, error) {
	content, err := typed(s, h, plumbing.CommitObject)
	if err != nil {
		return nil, err
	}
	oc, err := decodeCommit(h, content)
	if err != nil {
		return nil, err
	}
	c := &Commit{
		Hash: h.String(), Author: oneLine(oc.Author.Name, 100), Time: oc.Committer.When,
		Subject: oneLine(strings.SplitN(strings.TrimSpace(oc.Message), "\n", 2)[0], 200),
		id:      h, objects: s,
	}
	if c.tree, err = flatten(s, oc.TreeHash, l); err != nil {
		return nil, err
	}
	if c.tree.files == 0 {
		return nil, &Error{
			Reason: EmptyTree, What: fmt.Sprintf("commit %s holds no file", c.Short()),
			Hint: "an empty commit is never taken as the wish to delete everything; to remove an environment, take it out of fleet.yaml",
		}
	}
	return c, nil
}

// decodeCommit parses a commit that says everything exactly once: two tree lines would show different trees to
// different programs.
func decodeCommit(h plumbing.Hash, content []byte) (*object.Commit, error) {
	head, _, _ := bytes.Cut(content, []byte("\n\n"))
	count := map[string]int{}
	for line := range bytes.Lines(append(head, '\n')) {
		key, _, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
		count[string(key)]++
	}
	for _, key := range []string{"tree", "author", "committer"} {
		if count[key] != 1 {
			return nil, corrupt("commit %s has %d %s lines, must have one", h, count[key], key)
		}
	}
	if count["gpgsig"] > 1 || count["encoding"] > 1 {
		return nil, corrupt("commit %s has a header twice", h)
	}
	var m plumbing.MemoryObject
	m.SetType(plumbing.CommitObject)
	if _, err := m.Write(content); err != nil {
		return nil, err
	}
	c := &object.Commit{}
	if err := c.Decode(&m); err != nil {
		return nil, corrupt("commit %s: %w", h, err)
	}
	return c, nil
}
