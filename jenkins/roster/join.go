package roster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"majordomo.dev/jenkins"
)

// joining is one roster in the making.
type joining struct {
	in      Input
	m       Memory // as it is to be
	out     Roster
	nodes   matches
	waited  map[string]bool // names of the nodes that pipelines wait for
	known   bool            // the snapshot is Jenkins's present answer
	fresh   bool            // and it has not been learned from
	base    time.Time       // from when on absence counts
	startup time.Duration
}

// Join finds out which pod is which agent of Jenkins and in what state each is, and what there is to remember for the next time. Joining
// the same input again gives the same roster.
func Join(m Memory, in Input) (Roster, Memory) {
	j := &joining{in: in, m: m, waited: map[string]bool{}}
	j.known = in.Snapshot != nil && in.Unknown == ""
	j.fresh = j.known && in.Snapshot.At.After(m.Read)
	j.startup = cmp.Or(time.Duration(in.Pool.Spec.StartupTimeout), Startup)
	j.m.Agents = maps.Clone(m.Agents)
	if j.m.Agents == nil {
		j.m.Agents = map[string]trace{}
	}
	for _, name := range in.Resuming {
		j.waited[name] = true
	}
	j.nodes = match(in, m)
	for _, p := range in.Pods {
		if len(j.nodes.of[p.UID]) > 0 && j.fresh {
			j.m.Proven = j.m.prove(p.Template)
		}
	}
	j.settle()
	j.base = j.m.Known
	if !j.known || j.out.Settling != "" || j.base.IsZero() || in.Now.Sub(m.Seen) > Gap {
		j.base = in.Now
	}
	j.out.Unknown, j.out.Known, j.out.now = in.Unknown, j.base, in.Now
	if in.Snapshot == nil {
		j.out.Unknown = cmp.Or(in.Unknown, "Jenkins has not been read yet")
	}
	j.agents()
	if j.m.stable.IsZero() || !sameKeys(m.Agents, j.m.Agents) {
		j.m.stable = in.Now
	}
	j.out.Stable = j.m.stable
	j.ghosts()
	j.m.Known, j.m.Seen = j.base, in.Now
	if j.fresh {
		j.m.Read = in.Snapshot.At
	}
	j.m.Left = j.m.forget(m, in.Now)
	return j.out, j.m
}

func sameKeys(a, b map[string]trace) bool {
	if len(a) != len(b) {
		return false
	}
	for k := range a {
		if _, ok := b[k]; !ok {
			return false
		}
	}
	return true
}

// agents adds the agents that have a pod, and remembers them.
func (j *joining) agents() {
	kept := map[string]trace{}
	pods := slices.SortedFunc(slices.Values(j.in.Pods), func(a, b Pod) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
	})
	for _, p := range pods {
		a, t := j.agent(p)
		j.out.Agents = append(j.out.Agents, a)
		if len(kept) < maxTraces {
			kept[p.UID] = t
		}
	}
	j.m.Agents = kept
}

// agent makes one agent of a pod and its node, and what there is to remember of it.
func (j *joining) agent(p Pod) (Agent, trace) {
	a, t := Agent{Name: p.Name, Pod: &p}, j.m.Agents[p.UID]
	if nodes := j.nodes.of[p.UID]; len(nodes) > 0 {
		a.Computer, t.Node = nodes[0], nodes[0].Name
		for _, c := range nodes[1:] {
			if c.Connected || Working(*c) {
				a.Twins = append(a.Twins, c.Name)
			}
		}
	}
	if j.fresh && a.Computer != nil {
		j.learn(p, *a.Computer, &t)
	}
	if j.fresh {
		t.Connected = a.Computer != nil && a.Computer.Connected
	}
	switch {
	case a.Computer != nil:
		t.absent = time.Time{}
	case t.absent.IsZero() && j.known:
		t.absent = j.in.Now
	}
	a.Resuming = j.waited[t.Node] && t.Node != "" || j.waited[p.Name]
	a.State, a.Reason = j.state(p, a.Computer, t)
	a.Unsure = j.unsure(p, a.Computer, t)
	if a.State != t.State {
		t.State, t.Since = a.State, j.in.Now
	}
	j.look(a, &t)
	if a.Computer != nil {
		a.Running = max(a.Computer.Busy, builds(*a.Computer))
	}
	a.Since, a.Registered, a.Builds, a.Finished = t.Since, t.Registered, t.Begun, t.Finished
	a.IdleReads, a.IdleRead, a.Taken, a.Weighed = t.reads, t.read, t.taken, t.weighed
	return a, t
}

// builds counts the builds on a node that hold an executor, as far as they are shown.
func builds(c jenkins.Computer) int {
	n := 0
	for _, b := range c.Builds {
		if !b.OneOff {
			n++
		}
	}
	return n
}

// learn notes what a new snapshot tells of a node: that it has registered, and which builds have come and gone.
func (j *joining) learn(p Pod, c jenkins.Computer, t *trace) {
	if c.Connected && t.Registered.IsZero() {
		t.Registered = j.in.Snapshot.At
		if j.out.Settling == "" && !p.Created.Before(j.base) {
			j.out.Started = append(j.out.Started, max(0, j.in.Snapshot.At.Sub(p.Created)))
		}
	}
	if t.Owed {
		return // its builds may go on
	}
	var urls []string
	for _, b := range c.Builds {
		if !b.OneOff && len(urls) < maxURLs {
			urls = append(urls, b.URL)
		}
	}
	ended, begun := missing(t.URLs, urls), missing(urls, t.URLs)
	busy := max(c.Busy, len(urls))
	// Builds that are not shown, since they have only just been taken or may not be seen, are known by their number alone.
	hidden, before := busy-len(urls), t.Busy-len(t.URLs)
	ended += max(0, before-begun-hidden)
	t.Finished += ended
	t.Begun += max(0, busy-t.Busy+ended)
	t.URLs, t.Busy, t.Working = urls, busy, Working(c)
}

// missing counts what the second list lacks of the first.
func missing(of, in []string) int {
	n := 0
	for _, s := range of {
		if !slices.Contains(in, s) {
			n++
		}
	}
	return n
}

// look counts the looks in a row, Look apart, that found a marked agent parked by us and without work, or long unknown to Jenkins.
func (j *joining) look(a Agent, t *trace) {
	if a.Marked() != t.marked || a.Pod.Cost != t.cost {
		if t.marked && !a.Marked() || a.Pod.Cost > t.cost {
			t.taken = j.in.Now
		}
		t.marked, t.cost, t.weighed = a.Marked(), a.Pod.Cost, j.in.Now
	}
	at := time.Time{}
	if j.in.Snapshot != nil {
		at = j.in.Snapshot.At
	}
	quiet := a.Computer == nil && j.abandoned(t) || a.Computer != nil && Ours(*a.Computer) && !Working(*a.Computer)
	switch {
	case !a.Marked() || !j.known || j.out.Settling != "" || a.Resuming || len(a.Twins) > 0 || a.Unsure != "" || !quiet:
		t.reads, t.read = 0, time.Time{}
	case !j.fresh:
	case t.reads == 0:
		t.reads, t.read = 1, at
	case at.Sub(t.read) >= Look:
		t.reads++
	}
}

// abandoned tells whether Jenkins has not known an agent for so long that no pipeline waits for it any more.
func (j *joining) abandoned(t *trace) bool {
	return !t.absent.IsZero() && j.in.Now.Sub(later(t.absent, j.base)) >= Resume
}

// unsure says why an agent that Jenkins does not seem to know may be known to it all the same: no agent of its template was ever found among
// the nodes, and there are nodes that could be it.
func (j *joining) unsure(p Pod, c *jenkins.Computer, t trace) string {
	if c != nil || !t.Registered.IsZero() || p.NeverRan || len(j.nodes.strange) == 0 || slices.Contains(j.m.Proven, p.Template) {
		return ""
	}
	return fmt.Sprintf("node %s of Jenkins may be this agent: it offers the labels of the pool, and neither its name nor its description tells which pod it is; "+
		"start agents with -name and -disableClientsUniqueId, or with a -description that ends in \"pod NAMESPACE/NAME UID\"", j.nodes.strange[0])
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ghosts adds the nodes that pods of this pool have left behind, and further nodes of one pod that have no connection.
func (j *joining) ghosts() {
	since := map[string]time.Time{}
	add := func(c *jenkins.Computer) {
		a := Agent{Name: c.Name, Computer: c, State: Ghost, Since: j.in.Now, Running: max(c.Busy, builds(*c)), Resuming: j.waited[c.Name]}
		if !c.Connected && !Working(*c) && !a.Resuming {
			if old, ok := j.m.Ghosts[c.Name]; ok && !old.Before(j.base) {
				a.Since = old
			}
			since[c.Name] = a.Since
		}
		a.Reason = "no pod of the pool is this node"
		j.out.Agents = append(j.out.Agents, a)
	}
	slices.SortFunc(j.nodes.ghosts, func(x, y *jenkins.Computer) int { return cmp.Compare(x.Name, y.Name) })
	for _, c := range j.nodes.ghosts {
		add(c)
	}
	for _, p := range j.in.Pods {
		if nodes := j.nodes.of[p.UID]; len(nodes) > 1 {
			for _, c := range nodes[1:] {
				if !c.Connected && !Working(*c) {
					add(c)
				}
			}
		}
	}
	if j.known {
		j.m.Ghosts = since
	}
}
