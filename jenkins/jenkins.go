// Package jenkins holds what a Jenkins says about its queue and its computers, as values.
package jenkins

import (
	"fmt"
	"time"
)

// Snapshot is what one Jenkins said at one moment, complete, authenticated and permitted. There is no partial one: what could not be read
// is a *Fault instead.
type Snapshot struct {
	At           time.Time     // when the first of its requests was sent, by our clock
	Skew         time.Duration // the clock of Jenkins minus ours, whole seconds; times in the snapshot are corrected by it already
	Session      string        // changes each time that Jenkins starts
	Version      string        // "2.263.4"
	User         string        // who asked
	QuietingDown bool          // Jenkins starts no builds: it is about to shut down
	QuietReason  string
	Items        []Item     // the queue
	Computers    []Computer // the built-in node first
}

// Item is something that waits in the queue.
type Item struct {
	ID             int64
	Class          string    // "hudson.model.Queue$BuildableItem"
	Since          time.Time // when it entered the queue
	BuildableSince time.Time // when only an executor was missing, zero if it never was so
	QuietUntil     time.Time // end of the quiet period, zero for none
	Why            string    // Jenkins's own reason, in English
	Stuck          bool
	Blocked        bool // something other than an executor is missing
	Buildable      bool // only an executor is missing
	Pending        bool // an executor was chosen already
	Task           Task
}

// Task is what an item runs.
type Task struct {
	Class    string // "hudson.model.FreeStyleProject"
	Name     string // "deploy", "part of shop/main #12"; empty for pipelines on old Jenkins
	FullName string
	URL      string
	// Label is the label expression of the project as its author wrote it, nil where Jenkins does not tell: every pipeline.
	Label *string
}

// Computer is a node of Jenkins: an agent, or the built-in node.
type Computer struct {
	Name          string
	Class         string
	Description   string
	Labels        []string // its own name is one of them
	Executors     int
	Busy          int  // executors with a build, one-off ones not counted
	Idle          bool // no executor has work, one-off ones included
	Offline       bool // disconnected or parked
	Parked        bool // temporarily offline: it starts no build, and finishes the one it has
	OfflineReason string
	OfflineClass  string // "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace"
	Connected     bool   // its connection is up, parked or not
	BuiltIn       bool
	Builds        []Build // what it runs, as far as the account may see it
}

// Build is a build that runs on a computer.
type Build struct {
	URL       string // absolute, unique
	Name      string // "deploy #12"
	Started   time.Time
	Estimated time.Duration // how long Jenkins believes that it takes, 0 for unknown
	OneOff    bool          // it holds no executor: the body of a pipeline
}

// Monitored tells whether Jenkins itself took the computer offline, because one of its monitors found something wrong, such as a full disk.
func (c Computer) Monitored() bool {
	const monitors = "hudson.node_monitors."
	return c.Parked && len(c.OfflineClass) > len(monitors) && c.OfflineClass[:len(monitors)] == monitors
}

// Reason is why a Jenkins is not known, in the words of conditions.
type Reason string

// The reasons. Nothing is scaled down, drained or deleted while one of them holds.
const (
	Unreachable            Reason = "JenkinsUnreachable"     // refused, no name, TLS, connection lost
	Starting               Reason = "JenkinsStarting"        // 503 while it starts or restarts
	Hung                   Reason = "JenkinsHung"            // connected, and no answer in time
	AuthLost               Reason = "JenkinsAuthLost"        // 401, login page, redirect to one, anonymous
	InsufficientPermission Reason = "InsufficientPermission" // 403, or rights are missing without which answers lie
	BadAnswer              Reason = "JenkinsBadAnswer"       // not the JSON that was asked for, or too much of it
)

// Fault is why a Jenkins could not be asked, or did not answer properly.
type Fault struct {
	Reason Reason
	URL    string // that was asked, without user and password
	Status int    // HTTP status, 0 for none
	Text   string // one sentence: what was wrong, and what would be right
	Err    error  // the cause, may be nil
}

// Error returns the reason and the sentence.
func (f *Fault) Error() string {
	if f.URL == "" {
		return fmt.Sprintf("%s: %s", f.Reason, f.Text)
	}
	return fmt.Sprintf("%s: %s (%s)", f.Reason, f.Text, f.URL)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
