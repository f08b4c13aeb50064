// Package demand says which pool has to serve which build of a Jenkins's queue.
//
// An item counts for a pool if nothing but an executor is missing to it: it is buildable, not pending (an executor was chosen already), not
// blocked, not in its quiet period, and no flyweight, which runs on the built-in node. It goes to exactly one pool: of those whose agents
// fulfil its label expression, the one with the fewest labels, then the first by name, so that special agents are kept for what needs
// them. An expression that forbids labels and asks for none, such as !windows, goes to a pool of mode normal if one fulfils it. A build
// without a label goes to a pool of mode normal, by the same order. Every agent has the label swarm, which its plugin adds.
//
// Jenkins tells the label of classic jobs, and of pipelines only in the sentence about why they wait. There, it names the node instead of
// the label if exactly one node has it: such an item counts for that node's pool. A pipeline that resumes after a restart wants the very
// node that it ran on: it is no demand, and that agent must not go.
//
// Scaling from zero: while Jenkins has no node at all, it drops the labels of pipelines from its sentences. The cure is a node that
// never connects, with a label of its own and mode exclusive; manifests/master/jcasc/jenkins.yaml has one, majordomo-sentinel. Without it
// such items are reported as not told, with that advice. They are never guessed to be some pool's, not even if there is only one: an
// agent that does not fit would start, end, and start again for as long as they wait.
package demand

import (
	"cmp"
	"slices"
	"time"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/scale"
)

// Pool is what demand looks at of a pool.
type Pool struct {
	ID     string   // NAMESPACE/NAME
	Labels []string // that its agents offer
	Mode   string   // pool.Normal, pool.Exclusive; empty is normal
	Agents []string // names of its pods
}

// Demand is what waits in one Jenkins. The order of items and pools makes no difference to it.
type Demand struct {
	// Unknown is why the labels of pipelines are not told now, one sentence; "" if they are. The numbers are then too low.
	Unknown string
	Pools   map[string]Need // by ID; every pool has one
	// Unmatched are the labels that no pool serves, those of most items first, at most pool.MaxUnmatched. A label that an agent without a
	// pool has is none of them, as long as that one is online.
	Unmatched []pool.Unmatched
	// Missed is how many items all unmatched labels have together.
	Missed int
	// Waited says of nodes that an item waits for that very one: it must not be drained. A node is called as Jenkins calls it, and as its
	// pod is called.
	Waited map[string]string
}

// Need is what one pool has to serve.
type Need struct {
	Queued    int          // builds that only lack an executor of this pool
	Oldest    time.Time    // since when the oldest of them waits, zero if none does
	Soon      []scale.Soon // builds in their quiet period, by its end
	Blocked   int          // items for this pool that lack something else than an executor, as far as their label is known
	Elsewhere int          // items that lack an executor, but not one of this pool
	Items     []Item       // the oldest of the queued, at most MaxItems
	Jobs      []Job        // all that are queued, by item
}

// MaxItems is how many items of a pool are told one by one.
const MaxItems = 50

// Item is a build that waits for a pool.
type Item struct {
	ID    int64
	Job   string // full name, "" if Jenkins does not tell
	Label string // "" if it asks for none, or Jenkins names a node instead
	Since time.Time
	Why   string // Jenkins's words
}

// Job is the job of an item.
type Job struct {
	Item  int64
	Name  string    // full name
	At    time.Time // when it was queued
	Since time.Time // when it lacked nothing but an executor
}

// Labels that stand for none.
const (
	NoLabel = "(no label)"
	Untold  = "(not told)"
)

const quieting = "Jenkins is about to shut down, and then does not say which labels its queue waits for"

// Of computes the demand of a snapshot.
func Of(s jenkins.Snapshot, pools []Pool) Demand {
	c := &count{site: survey(s, pools), needs: map[string]*Need{}, missed: map[string]*pool.Unmatched{}, waited: map[string]string{}, cache: map[key]*verdict{}}
	for _, p := range pools {
		c.needs[p.ID] = &Need{}
	}
	if s.QuietingDown {
		c.unknown = quieting
	}
	var last int64
	for i, it := range byID(s.Items) {
		switch {
		case i > 0 && it.ID == last, flyweight(it.Task.Class):
		case it.Pending:
		case it.Blocked:
			c.blocked(it)
		case it.Buildable:
			c.buildable(it)
		case !it.QuietUntil.IsZero():
			c.quiet(it)
		}
		last = it.ID
	}
	return c.demand()
}

// byID returns items in the order of their ids.
func byID(items []jenkins.Item) []*jenkins.Item {
	all := make([]*jenkins.Item, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	slices.SortStableFunc(all, func(a, b *jenkins.Item) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// waiting is since when an item lacks nothing but an executor.
func waiting(it *jenkins.Item) time.Time {
	if it.BuildableSince.IsZero() {
		return it.Since
	}
	return it.BuildableSince
}
