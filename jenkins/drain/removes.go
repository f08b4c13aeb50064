package drain

import (
	"cmp"
	"slices"

	"majordomo.dev/jenkins/roster"
)

// Removes names the pods that the controller may remove when its replicas become so many. The controller of a ReplicaSet, a
// ReplicationController or a Deployment ranks its pods: without a node first, then by phase, not ready, and by deletion cost; where that does
// not decide, any of them may go, and all of them are named. So are those that go if all pods have become ready until the controller acts:
// then the deletion cost decides alone. A StatefulSet removes those with the highest ordinals.
//
// Where the controller counts more pods than there are, it has not yet seen that some are gone, and removes as many more.
func Removes(t Target, pods []roster.Pod, replicas int) []string {
	active := slices.DeleteFunc(slices.Clone(pods), func(p roster.Pod) bool { return !p.Active() })
	n := max(len(active), t.Seen) - replicas
	if owners(active) > 1 && (n > 0 || replicas < t.Replicas) {
		n = len(active) // several ReplicaSets share them, in proportions that change
	}
	return removes(t, active, replicas, n)
}

// removes names the active pods that may be among the n that go.
func removes(t Target, active []roster.Pod, replicas, n int) []string {
	var out []string
	if t.Kind == "StatefulSet" {
		for _, p := range active {
			if p.Ordinal >= t.Start+replicas {
				out = append(out, p.Name)
			}
		}
		return out
	}
	if n <= 0 {
		return nil
	}
	named := map[string]bool{}
	active = slices.Clone(active)
	for _, rank := range []func(a, b roster.Pod) int{byState, byCost} {
		slices.SortStableFunc(active, rank)
		for i, p := range active {
			if i >= n && rank(active[n-1], p) != 0 {
				break
			}
			if !named[p.Name] {
				named[p.Name] = true
				out = append(out, p.Name)
			}
		}
	}
	return out
}

// byState sorts by who goes first as the pods are now, as far as that is certain.
func byState(a, b roster.Pod) int {
	return cmp.Or(
		cmp.Compare(order(a.Node != ""), order(b.Node != "")),
		cmp.Compare(phase(a.Phase), phase(b.Phase)),
		cmp.Compare(order(a.Ready), order(b.Ready)),
		byCost(a, b),
	)
}

func byCost(a, b roster.Pod) int { return cmp.Compare(a.Cost, b.Cost) }

func order(late bool) int {
	if late {
		return 1
	}
	return 0
}

func phase(p string) int { return slices.Index([]string{"Pending", "Unknown", "Running"}, p) }

// owners counts the controllers that the pods have.
func owners(pods []roster.Pod) int {
	seen := map[string]bool{}
	for _, p := range pods {
		seen[p.Owner] = true
	}
	return len(seen)
}
