package roster

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
)

// described finds the pod at the end of a node's description, as the agents of a pool state it: "Swarm agent from 10.0.0.7: pod ci/agent-x2x4z 8a1c...".
var described = regexp.MustCompile(`(?:^|[^A-Za-z0-9])pod ([a-z0-9-]+)/([a-z0-9.-]+) ([A-Za-z0-9-]+)\s*$`)

// identity is the pod that a node's description names.
type identity struct{ namespace, name, uid string }

func describes(c jenkins.Computer) (identity, bool) {
	m := described.FindStringSubmatch(c.Description)
	if m == nil {
		return identity{}, false
	}
	return identity{m[1], m[2], m[3]}, true
}

// Belongs tells whether a node of Jenkins is the agent in a pod: its description names the pod, or where it names none, it is called as
// the pod is, or so with the eight hex digits that the swarm client appends.
func Belongs(p Pod, c jenkins.Computer) bool {
	if c.BuiltIn {
		return false
	}
	if id, ok := describes(c); ok {
		return id.uid == p.UID
	}
	return plain(c.Name) == p.Name || c.Name == p.Name
}

// plain returns a node's name without the eight hex digits of the swarm client.
func plain(name string) string {
	at := len(name) - 9
	if at <= 0 || name[at] != '-' || strings.Trim(name[at+1:], "0123456789abcdef") != "" {
		return name
	}
	return name[:at]
}

// matches is which nodes of Jenkins are which pods.
type matches struct {
	of     map[string][]*jenkins.Computer // by UID of the pod, the one that matters most first
	ghosts []*jenkins.Computer            // nodes of this pool without a pod
	// strange are connected nodes that offer all labels of the pool and tell no pod: agents of this pool under another name, perhaps.
	strange []string
}

// match finds the nodes of the pool's pods, and those that its pods have left behind. Nodes of others are in neither.
func match(in Input, m Memory) matches {
	out := matches{of: map[string][]*jenkins.Computer{}}
	if in.Snapshot == nil {
		return out
	}
	uids, names := map[string]bool{}, map[string]string{}
	for _, p := range in.Pods {
		uids[p.UID], names[p.Name] = true, p.UID
	}
	for i := range in.Snapshot.Computers {
		c := &in.Snapshot.Computers[i]
		if c.BuiltIn {
			continue
		}
		id, ok := describes(*c)
		switch {
		case ok && uids[id.uid]:
			out.of[id.uid] = append(out.of[id.uid], c)
		case ok:
			if id.namespace == in.Pool.Namespace && made(in.Pool.Spec.Target, id.name) || m.left(c.Name) {
				out.ghosts = append(out.ghosts, c)
			}
		case names[c.Name] != "":
			out.of[names[c.Name]] = append(out.of[names[c.Name]], c)
		case names[plain(c.Name)] != "":
			out.of[names[plain(c.Name)]] = append(out.of[names[plain(c.Name)]], c)
		case m.left(c.Name):
			out.ghosts = append(out.ghosts, c)
		case c.Connected && offers(*c, in.Pool.Spec.Labels):
			out.strange = append(out.strange, c.Name)
		}
	}
	for _, nodes := range out.of {
		slices.SortFunc(nodes, weightier)
	}
	return out
}

// offers tells whether a node has all the labels.
func offers(c jenkins.Computer, labels []string) bool {
	for _, l := range labels {
		if !slices.Contains(c.Labels, l) {
			return false
		}
	}
	return true
}

// weightier sorts the nodes that claim one pod: one with work first, then one with a connection.
func weightier(a, b *jenkins.Computer) int {
	rank := func(c *jenkins.Computer) int {
		switch {
		case Working(*c):
			return 0
		case c.Connected:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
}

// made tells whether a pod of this name may be one that the target makes. The letters are those of Kubernetes's generated names: agent-linux
// is no pod of the ReplicaSet agent.
func made(t pool.Target, name string) bool {
	rest, ok := strings.CutPrefix(name, t.Name+"-")
	if !ok {
		return false
	}
	const letters, digits, most, random = "bcdfghjklmnpqrstvwxz2456789", "0123456789", 10, 5
	of := func(s, set string) bool { return s != "" && strings.Trim(s, set) == "" }
	switch t.Kind {
	case "StatefulSet":
		return of(rest, digits)
	case "Deployment":
		hash, end, ok := strings.Cut(rest, "-")
		return ok && of(hash, letters) && len(hash) <= most && of(end, letters) && len(end) == random
	}
	return of(rest, letters) && len(rest) == random
}
