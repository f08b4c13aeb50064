package loop

import (
	"slices"
	"sync"
	"time"

	"majordomo.dev/reconciler/git"
)

// Commit is what a person wants to know of a commit. The texts are whatever somebody has committed, fit to print.
type Commit struct {
	Author  string
	Subject string
	Time    time.Time
}

// maxCommits is how many commits are remembered: those that environments are at are among the newest.
const maxCommits = 500

// commits remembers what was said of the commits that went by: the mirror keeps only the newest.
type commits struct {
	mu    sync.Mutex
	known map[string]Commit
	order []string // oldest first
}

func (c *commits) note(commit *git.Commit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]Commit{}
	}
	if _, known := c.known[commit.Hash]; known {
		c.order = slices.DeleteFunc(c.order, func(hash string) bool { return hash == commit.Hash })
	}
	c.known[commit.Hash] = Commit{Author: commit.Author, Subject: commit.Subject, Time: commit.Time}
	c.order = append(c.order, commit.Hash)
	if len(c.order) > maxCommits {
		delete(c.known, c.order[0])
		c.order = slices.Delete(c.order, 0, 1)
	}
}

// Commit returns what is known of a commit by its hash, without a question to the repository.
func (l *Loop) Commit(hash string) (Commit, bool) {
	l.commits.mu.Lock()
	defer l.commits.mu.Unlock()
	c, ok := l.commits.known[hash]
	return c, ok
}
