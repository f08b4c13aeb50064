package demand

import (
	"cmp"
	"slices"
	"strings"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
)

// swarm is a label that the swarm plugin gives to all of its agents.
const swarm = "swarm"

// site is who could serve an item: pools and nodes.
type site struct {
	pools     []Pool            // in the order in which they are asked; labels sorted, with swarm
	agents    map[string]string // pod -> pool
	computers map[string]jenkins.Computer
	nodes     bool                // Jenkins has a node beside the built-in one
	groups    map[string][]string // label sets of nodes that are online, their own names left out
	twins     map[string]int      // how many nodes have the same labels, by that key
	causes    map[string]cause    // of sentences that were read
}

func survey(s jenkins.Snapshot, pools []Pool) *site {
	t := &site{agents: map[string]string{}, computers: map[string]jenkins.Computer{}, groups: map[string][]string{}, twins: map[string]int{}, causes: map[string]cause{}}
	for _, p := range pools {
		for _, a := range p.Agents {
			t.agents[a] = p.ID
		}
		p.Labels = slices.Concat(p.Labels, []string{swarm})
		slices.Sort(p.Labels)
		p.Labels = slices.Compact(p.Labels)
		t.pools = append(t.pools, p)
	}
	slices.SortFunc(t.pools, func(a, b Pool) int {
		return cmp.Or(cmp.Compare(len(a.Labels), len(b.Labels)), strings.Compare(a.ID, b.ID))
	})
	for _, c := range s.Computers {
		t.computers[c.Name] = c
		key, labels := kindOf(c)
		if !c.Offline {
			t.groups[key] = labels
		}
		if !c.BuiltIn && c.Executors > 0 { // a deleted node whose pipeline still runs has none
			t.nodes = true
			t.twins[key]++
		}
	}
	return t
}

// kindOf returns the labels of a node without its name, and a key that nodes with the same ones share.
func kindOf(c jenkins.Computer) (string, []string) {
	labels := slices.DeleteFunc(slices.Clone(c.Labels), func(l string) bool { return l == c.Name })
	slices.Sort(labels)
	return strings.Join(labels, "\n"), labels
}

// read takes a sentence of Jenkins apart, once.
func (t *site) read(why string) cause {
	c, ok := t.causes[why]
	if !ok {
		c = read(why)
		t.causes[why] = c
	}
	return c
}

// choose returns the pool that an expression goes to.
func (t *site) choose(e Expression) (string, bool) {
	if e.Match(nil) { // asks for nothing
		if id, ok := t.first(func(p Pool) bool { return p.Mode != pool.Exclusive && e.Match(p.Labels) }); ok {
			return id, true
		}
	}
	return t.first(func(p Pool) bool { return e.Match(p.Labels) })
}

// unlabelled returns the pool that builds without a label go to.
func (t *site) unlabelled() (string, bool) {
	return t.first(func(p Pool) bool { return p.Mode != pool.Exclusive })
}

func (t *site) first(fits func(Pool) bool) (string, bool) {
	if i := slices.IndexFunc(t.pools, fits); i >= 0 {
		return t.pools[i].ID, true
	}
	return "", false
}

// offered tells whether a pool has a label.
func (t *site) offered(label string) bool {
	return slices.ContainsFunc(t.pools, func(p Pool) bool { return slices.Contains(p.Labels, label) })
}

// agent returns the pod of a pool that a node of Jenkins is. Without -disableClientsUniqueId, the client appends a hash to the name.
func (t *site) agent(node string) (pod, id string, ok bool) {
	if id, ok = t.agents[node]; ok {
		return node, id, true
	}
	if i := len(node) - 9; i > 0 && node[i] == '-' && strings.Trim(node[i+1:], "0123456789abcdef") == "" {
		if id, ok = t.agents[node[:i]]; ok {
			return node[:i], id, true
		}
	}
	return "", "", false
}

// owner returns the pool that a node belongs to: by its name, otherwise the one with the most labels of those that the node has all of.
func (t *site) owner(node string) (string, bool) {
	if _, id, ok := t.agent(node); ok {
		return id, true
	}
	c, ok := t.computers[node]
	if !ok || c.BuiltIn {
		return "", false
	}
	best := -1
	for i, p := range t.pools {
		lacks := func(l string) bool { return l != swarm && !slices.Contains(c.Labels, l) }
		if !slices.ContainsFunc(p.Labels, lacks) && (best < 0 || len(p.Labels) > len(t.pools[best].Labels)) {
			best = i
		}
	}
	if best < 0 {
		return "", false
	}
	return t.pools[best].ID, true
}

// twin tells whether another node has the same labels as this one, so that no label is this one's alone.
func (t *site) twin(c jenkins.Computer) bool {
	key, _ := kindOf(c)
	return t.twins[key] > 1
}

// served tells whether a node that is online fulfils an expression.
func (t *site) served(e Expression) bool {
	for _, labels := range t.groups {
		if e.Match(labels) {
			return true
		}
	}
	return slices.ContainsFunc(e.Names(), func(name string) bool {
		c, ok := t.computers[name]
		return ok && !c.Offline && e.Match(c.Labels)
	})
}
