package git

import (
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// copier copies the objects of one commit, each once.
type copier struct {
	from   objects
	to     objectWriter
	have   objects // where most of them may be at hand already
	limits Limits
	seen   map[plumbing.Hash]bool
}

// copyCommit copies a commit and its tree within the limits.
func copyCommit(from objects, h plumbing.Hash, to objectWriter, have *Commit, l Limits) error {
	c := copier{from: from, to: to, limits: l, seen: map[plumbing.Hash]bool{}}
	if have != nil {
		c.have = have.objects
	}
	content, err := c.object(h, plumbing.CommitObject)
	if err != nil {
		return err
	}
	oc, err := decodeCommit(h, content)
	if err != nil {
		return err
	}
	return c.tree(oc.TreeHash, 0)
}

// object copies one object, verified against its hash.
func (c *copier) object(h plumbing.Hash, t plumbing.ObjectType) ([]byte, error) {
	c.seen[h] = true
	if len(c.seen) > c.limits.Files+extraObjects {
		return nil, &Error{
			Reason: TooManyFiles, What: fmt.Sprintf("the commit holds more than %d files and directories (limits.files)", c.limits.Files),
			Hint: "use a smaller repository or raise the limit",
		}
	}
	content, err := c.read(h, t)
	if err != nil {
		return nil, err
	}
	if m, ok := c.to.(*memory); ok && c.atHand(h) {
		return content, m.share(h, t, content)
	}
	got, err := c.to.put(t, content)
	if err == nil && got != h {
		err = corrupt("%s %s is damaged: its content has the hash %s", t, h, got)
	}
	return content, err
}

// atHand says that an object was verified before.
func (c *copier) atHand(h plumbing.Hash) bool {
	if c.have == nil {
		return false
	}
	_, err := c.have.size(h)
	return err == nil
}

// read prefers what is at hand.
func (c *copier) read(h plumbing.Hash, t plumbing.ObjectType) ([]byte, error) {
	if c.atHand(h) {
		if content, err := typed(c.have, h, t); err == nil {
			return content, nil
		}
	}
	size, err := c.from.size(h)
	if err == nil && size > c.limits.File {
		return nil, corrupt("%s %s has %s, more than %s (limits.file)", t, h, size, c.limits.File)
	}
	if err != nil && !errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, err
	}
	return typed(c.from, h, t)
}

func (c *copier) tree(h plumbing.Hash, depth int) error {
	if depth > c.limits.TreeDepth {
		return nil // flatten names the path
	}
	content, err := c.object(h, plumbing.TreeObject)
	for len(content) > 0 && err == nil {
		var e entry
		if e, content, err = nextEntry(content); err != nil {
			return corrupt("tree %s: %w", h, err)
		}
		err = c.entry(e, depth)
	}
	return err
}

func (c *copier) entry(e entry, depth int) error {
	if c.seen[e.hash] || e.mode == filemode.Submodule {
		return nil
	}
	if e.mode == filemode.Dir {
		return c.tree(e.hash, depth+1)
	}
	if size, left := c.leftOut(e.hash); left {
		c.to.leaveOut(e.hash, size)
		return nil
	}
	_, err := c.object(e.hash, plumbing.BlobObject)
	return err
}

// leftOut says that a file is too large to copy, or was too large before.
func (c *copier) leftOut(h plumbing.Hash) (Bytes, bool) {
	if c.atHand(h) {
		return 0, false
	}
	size, err := c.from.size(h)
	if errors.Is(err, plumbing.ErrObjectNotFound) && c.have != nil {
		size, err = c.have.size(h)
	}
	return size, errors.Is(err, errLeftOut) || err == nil && size > c.limits.File
}
