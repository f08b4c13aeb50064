package drain_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"majordomo.dev/jenkins/roster"
)

// controller is the controller of the pods: it acts on what its watches have shown so far, of the pods and of its own object, each as far
// behind as the test says. It never goes back in time, and it has seen what it did itself. It may be away for as long as the test wants;
// but once it has acted on what is old, it acts on what is new soon after.
type controller struct {
	pods, spec time.Time // up to when its watches have shown them
	due        time.Time // when it acts again by itself, zero for never
}

// view returns what was at a time.
func (w *world) view(at time.Time) moment {
	out := w.past[0]
	for _, m := range w.past {
		if m.at.After(at) {
			break
		}
		out = m
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sync lets the controller act once, its watches so far behind.
func (w *world) sync(podsBehind, specBehind time.Duration) {
	w.ctl.pods = latest(w.ctl.pods, w.now.Add(-podsBehind))
	w.ctl.spec = latest(w.ctl.spec, w.now.Add(-specBehind))
	spec := w.view(w.ctl.spec).spec
	seen := slices.DeleteFunc(slices.Clone(w.view(w.ctl.pods).pods), func(p roster.Pod) bool { return !p.Active() })
	acted := false
	if spec.kind == "StatefulSet" {
		acted = w.ordinals(spec, seen)
	} else {
		acted = w.count(spec, seen)
	}
	w.spec.observed, w.spec.seen = max(w.spec.observed, spec.generation), len(seen)
	w.remember()
	w.ctl.due = time.Time{}
	if acted || podsBehind > 0 || specBehind > 0 {
		w.ctl.due = w.now.Add(lag)
	}
	if acted {
		w.ctl.pods = w.now
	}
}

// count is what the controllers of ReplicaSet, ReplicationController and Deployment do.
func (w *world) count(spec target, seen []roster.Pod) bool {
	diff := len(seen) - spec.replicas
	if diff <= 0 {
		for range -diff {
			w.hands++
			w.make(fmt.Sprintf("agent-%s", letters(w.hands)), -1)
		}
		return diff < 0
	}
	slices.SortStableFunc(seen, w.firstToGo)
	for _, p := range seen[:diff] {
		w.stop(spec, p)
	}
	return true
}

// firstToGo is the rank of the ReplicaSet controller of Kubernetes 1.36, but for the pods on one node, which are all on the same here.
func (w *world) firstToGo(a, b roster.Pod) int {
	last := func(late bool) int {
		if late {
			return 1
		}
		return 0
	}
	phases := []string{"Pending", "Unknown", "Running"}
	newest := func(x, y time.Time) int { return y.Compare(x) }
	out := cmp.Or(
		cmp.Compare(last(a.Node != ""), last(b.Node != "")),
		cmp.Compare(slices.Index(phases, a.Phase), slices.Index(phases, b.Phase)),
		cmp.Compare(last(a.Ready), last(b.Ready)),
		cmp.Compare(a.Cost, b.Cost),
	)
	if out == 0 && a.Ready && b.Ready {
		out = newest(a.ReadySince, b.ReadySince)
	}
	return cmp.Or(out, -cmp.Compare(a.Restarts, b.Restarts), newest(a.Created, b.Created), cmp.Compare(a.UID, b.UID))
}

// ordinals is what the controller of a StatefulSet does that manages its pods in parallel.
func (w *world) ordinals(spec target, seen []roster.Pod) bool {
	acted := false
	for i := range spec.replicas {
		taken := func(p *pod) bool { return p.Ordinal == i }
		if !slices.ContainsFunc(seen, func(p roster.Pod) bool { return p.Ordinal == i }) && !slices.ContainsFunc(w.pods, taken) {
			w.make(fmt.Sprintf("agent-%d", i), i)
			acted = true
		}
	}
	for _, p := range seen {
		if p.Ordinal >= spec.replicas {
			w.stop(spec, p)
			acted = true
		}
	}
	return acted
}

// stop is the controller's own deletion: it is Majordomo's doing if Majordomo wrote the number.
func (w *world) stop(spec target, p roster.Pod) {
	live := w.pod(p.UID)
	if live == nil {
		return
	}
	by := ""
	if spec.ours {
		by = fmt.Sprintf("removed by its controller after Majordomo set the replicas to %d", spec.replicas)
	}
	w.kill(live, by)
}

func (w *world) make(name string, ordinal int) {
	w.serial++
	p := &pod{Pod: roster.Pod{
		Namespace: "ci", Name: name, UID: fmt.Sprintf("uid-%d", w.serial), Version: "1", Created: w.now, Phase: "Pending", Owner: "target",
		Template: w.spec.template, Ordinal: ordinal, NeverRan: true,
	}, runs: w.now.Add(2 * time.Second)}
	w.pods = append(w.pods, p)
	w.note("        %s is made", name)
	w.remember()
}

// letters writes a number as five letters of those that Kubernetes uses for names.
func letters(n int) string {
	const set = "bcdfghjklmnpqrstvwxz2456789"
	out := make([]byte, 5)
	for i := range out {
		out[len(out)-1-i] = set[n%len(set)]
		n /= len(set)
	}
	return string(out)
}
