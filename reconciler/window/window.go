// Package window is what a person sees of Majordomo, whatever the screen: one State, made from what both lines know.
package window

import (
	"time"

	"majordomo.dev/reconciler/status"
)

// State is everything at one moment, as GET /api/v1/state answers it. It holds no secret, and shares nothing that changes.
type State struct {
	APIVersion   string        `json:"apiVersion"` // majordomo.dev/v1alpha1
	Kind         string        `json:"kind"`       // State
	Version      uint64        `json:"version"`    // grows with every change
	At           time.Time     `json:"at"`         // when it was taken
	Program      Program       `json:"program"`
	Source       Source        `json:"source"`
	Environments []Environment `json:"environments"` // by name
	Pools        []Pool        `json:"pools"`        // by environment, namespace, name
	Masters      []Master      `json:"masters"`
}

// Program is Majordomo itself.
type Program struct {
	Version    string    `json:"version"`
	Revision   string    `json:"revision,omitempty"` // commit that it was built from
	Started    time.Time `json:"started"`
	Leader     bool      `json:"leader"`           // false: it waits for another process to end
	Memory     uint64    `json:"memory"`           // bytes that it has from the system
	Goroutines int       `json:"goroutines"`       //
	Panics     int64     `json:"panics"`           // that were recovered, in all
	Alive      string    `json:"alive,omitempty"`  // why the loop makes no progress, "" while it does
	Phases     []Phase   `json:"phases,omitempty"` // of syncs, all environments together
}

// Phase is how long a phase of syncs takes: fetch, render, plan, apply, prune.
type Phase struct {
	Name  string  `json:"name"`
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"` // seconds
}

// Source is the config repository.
type Source struct {
	URL         string    `json:"url,omitempty"` // without user and password
	Ref         string    `json:"ref,omitempty"`
	Revision    string    `json:"revision,omitempty"` // newest commit fetched
	Commit      *Commit   `json:"commit,omitempty"`   // that commit
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	Error       string    `json:"error,omitempty"`   // of the last fetch
	Refused     string    `json:"refused,omitempty"` // newest commit, where it does not come into force because its fleet.yaml is wrong
	Fetches     int64     `json:"fetches"`
	Failures    int64     `json:"failures"`
}

// Commit is what a person wants to know of a commit. The texts are whatever somebody has committed: never trusted, always escaped.
type Commit struct {
	Revision string    `json:"revision"`
	Author   string    `json:"author,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	Subject  string    `json:"subject,omitempty"` // first line of the message
	URL      string    `json:"url,omitempty"`     // https only; "" where the host of the repository has no known form of it
}

// Environment is one environment.
type Environment struct {
	Name     string             `json:"name"`
	Cluster  string             `json:"cluster,omitempty"`  // context of the kubeconfig; "" is the cluster that Majordomo runs in
	Path     string             `json:"path,omitempty"`     // of the overlay
	State    string             `json:"state"`              // Ready, Reconciling, Stalled, Suspended, Held or Unknown: the one word
	Reason   string             `json:"reason,omitempty"`   // why, in a sentence
	Revision string             `json:"revision,omitempty"` // commit that is applied
	Commit   *Commit            `json:"commit,omitempty"`   // that commit, where it is known
	Tried    string             `json:"tried,omitempty"`    // newest commit that was tried; one that changes nothing here is not
	Seen     string             `json:"seen,omitempty"`     // newest commit of the branch when the environment was last looked at
	Followed string             `json:"followed,omitempty"` // commit that it was to follow then: another one while it is rolled back
	Next     time.Time          `json:"next,omitzero"`      // when it is looked at again
	Objects  status.Objects     `json:"objects"`
	Sync     *status.Sync       `json:"lastSync,omitempty"`
	Repairs  int64              `json:"repairs"`
	Drift    *status.Drift      `json:"lastDrift,omitempty"`
	Recent   []status.Drift     `json:"recentDrifts,omitempty"` // that this process put right, newest first
	Fights   []status.Fight     `json:"fights,omitempty"`
	Held     *status.Held       `json:"held,omitempty"` // a prune that waits for approval
	History  []status.Past      `json:"history,omitempty"`
	Checks   []status.Condition `json:"conditions,omitempty"`
}

// States of an environment, the worst first.
const (
	Stalled     = "Stalled"
	Held        = "Held"
	Unknown     = "Unknown"
	Reconciling = "Reconciling"
	Suspended   = "Suspended"
	Ready       = "Ready"
)
