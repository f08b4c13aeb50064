package roster

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// Memory is what a roster has to know of the past. It is a value: Join does not change the one it gets. The zero value knows nothing, which
// is safe: what is not known to be old is taken as new. What JSON leaves out is not to outlive the process: who was seen idle by one process
// is looked at anew by the next.
type Memory struct {
	Session string               `json:"session,omitempty"` // of Jenkins
	Read    time.Time            `json:"read,omitzero"`     // when the last snapshot was made that was learned from
	Seen    time.Time            `json:"seen,omitzero"`     // when the last roster was made
	Known   time.Time            `json:"known,omitzero"`    // since when Jenkins has been known and settled
	Settle  *settle              `json:"settle,omitempty"`  // nil: nothing is expected back
	Agents  map[string]trace     `json:"agents,omitempty"`  // by UID of the pod
	Ghosts  map[string]time.Time `json:"ghosts,omitempty"`  // by node: since when it could be forgotten
	Left    []left               `json:"left,omitempty"`    // nodes of pods that are gone, oldest first
	Proven  []string             `json:"proven,omitempty"`  // templates whose agents were found among the nodes, newest first

	stable time.Time // since when this process has seen the same pods
}

// What a memory holds at most.
const (
	maxTraces = 2000
	maxLeft   = 200
	maxURLs   = 32
	maxProven = 8
	keepLeft  = time.Hour
)

// trace is what is remembered of one agent.
type trace struct {
	Node       string    `json:"n,omitempty"`
	Registered time.Time `json:"r,omitzero"`
	State      State     `json:"s,omitempty"`
	Since      time.Time `json:"t,omitzero"`
	Connected  bool      `json:"c,omitempty"`
	Working    bool      `json:"w,omitempty"`
	Busy       int       `json:"b,omitempty"`
	URLs       []string  `json:"u,omitempty"` // of the builds that it was last seen with
	Begun      int       `json:"k,omitempty"`
	Finished   int       `json:"f,omitempty"`
	Missing    bool      `json:"m,omitempty"` // expected back
	Owed       bool      `json:"o,omitempty"` // its builds are expected back

	reads   int       // looks in a row that found it parked by us and without work
	read    time.Time // the first of them
	marked  bool      // whether its pod was marked when last seen
	cost    int       // and the deletion cost that it had
	weighed time.Time // since when this process knows of those two
	taken   time.Time // when this process last saw its mark go, or its deletion cost rise
	absent  time.Time // since when this process has seen it without a node
}

// left is a node whose pod is gone.
type left struct {
	Node string    `json:"n"`
	At   time.Time `json:"t"`
}

// Equal tells whether two memories are the same, what JSON leaves out included.
func (m Memory) Equal(o Memory) bool { return reflect.DeepEqual(m, o) }

// left tells whether a node belonged to a pod of this pool.
func (m Memory) left(node string) bool {
	for _, t := range m.Agents {
		if t.Node == node {
			return true
		}
	}
	return slices.ContainsFunc(m.Left, func(l left) bool { return l.Node == node })
}

// prove notes that agents of a template can be told by their nodes.
func (m Memory) prove(template string) []string {
	if len(m.Proven) > 0 && m.Proven[0] == template {
		return m.Proven
	}
	out := append([]string{template}, slices.DeleteFunc(slices.Clone(m.Proven), func(t string) bool { return t == template })...)
	return out[:min(len(out), maxProven)]
}

// forget moves the nodes of pods that are gone to those that were left behind, and drops what is too old or too much.
func (m Memory) forget(old Memory, now time.Time) []left {
	out := slices.Clone(old.Left)
	for uid, t := range old.Agents {
		if _, ok := m.Agents[uid]; !ok && t.Node != "" {
			out = append(out, left{t.Node, now})
		}
	}
	out = slices.DeleteFunc(out, func(l left) bool { return now.Sub(l.At) > keepLeft })
	slices.SortStableFunc(out, func(a, b left) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return cmp.Compare(a.Node, b.Node)
	})
	return slices.Clip(out[max(0, len(out)-maxLeft):])
}
