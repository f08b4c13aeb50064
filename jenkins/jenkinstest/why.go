package jenkinstest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// shutdown is why nothing starts while Jenkins quiets down.
const shutdown = "Jenkins is about to shut down"

// why says what an item waits for, in the words of Jenkins; "" for one that has left.
func (w *world) why(it *item) string {
	switch it.state {
	case waiting:
		if rest := it.quiet.Sub(w.now); rest > 0 {
			return "In the quiet period. Expires in " + span(rest)
		}
		return "Finished waiting"
	case blocked:
		return w.blockage(it)
	case left:
		return ""
	}
	return w.whyBuildable(it)
}

// blockage is why an item is not buildable although its quiet period is over; "" if it is.
func (w *world) blockage(it *item) string {
	if it.step == nil && it.job.Serial {
		if r := it.job.latest((*run).running); r != nil {
			return fmt.Sprintf("Build #%d is already in progress (ETA: %s)", r.number, w.eta(r))
		}
		if slices.ContainsFunc(w.queue, func(o *item) bool { return o != it && o.job == it.job && o.step == nil && o.state >= buildable }) {
			return "A build is already in progress"
		}
	}
	if w.quieting {
		return shutdown
	}
	return ""
}

// eta is how long a build will still take.
func (w *world) eta(r *run) string {
	estimate := r.job.estimate()
	if rest := estimate - w.now.Sub(r.started); estimate >= 0 && rest > 0 {
		return span(rest)
	}
	return "N/A"
}

// whyBuildable is why an item has no executor yet. Without any node Jenkins does not name the label.
func (w *world) whyBuildable(it *item) string {
	const waits = "Waiting for next available executor"
	if w.quieting {
		return shutdown
	}
	l, members := it.label(), w.members()
	if len(members) == 0 {
		l = nil
	}
	if l == nil {
		if refusals := w.refusals(it); len(refusals) > 0 && w.idleExecutors() > 0 {
			return strings.Join(refusals, "; ")
		}
		return waits
	}
	nodes := w.nodesOf(l)
	one := ""
	if len(nodes) == 1 {
		one = nodes[0].Name
	}
	if !slices.ContainsFunc(nodes, (*node).online) {
		switch {
		case one != "":
			return "‘" + one + "’ is offline"
		case len(nodes) == 0:
			return "There are no nodes with the label ‘" + l.name + "’"
		}
		return "All nodes of label ‘" + l.name + "’ are offline"
	}
	if refusals := w.refusals(it); len(refusals) > 0 && w.idleOf(nodes) > 0 {
		return strings.Join(refusals, "; ")
	}
	if one != "" {
		return waits + " on ‘" + one + "’"
	}
	return waits + " on ‘" + l.name + "’"
}

// refusals are the reasons for which idle executors do not take an item, sorted.
func (w *world) refusals(it *item) []string {
	l, name := it.label(), ""
	if l != nil {
		name = l.name
	}
	if w.memo != nil {
		if all, ok := w.memo.refusals[name]; ok {
			return all
		}
	}
	all := w.refusalsOf(l)
	if w.memo != nil {
		w.memo.refusals[name] = all
	}
	return all
}

func (w *world) refusalsOf(l *label) []string {
	var all []string
	for _, n := range w.computers() {
		if !slices.ContainsFunc(n.execs, (*executor).idle) || n.ghost {
			continue
		}
		switch {
		case l != nil && !l.matches(n.labelSet()):
			all = append(all, "‘"+n.Name+"’ doesn’t have label ‘"+l.name+"’")
		case l == nil && n.Exclusive:
			all = append(all, "‘"+n.Name+"’ is reserved for jobs with matching label expression")
		case !n.online() || w.unnoticed(n):
			all = append(all, "‘"+n.Name+"’ is offline")
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// stuck tells whether Jenkins calls an item stuck: no node of its label is online, or it has waited too long.
func (w *world) stuck(it *item) bool {
	if it.state != buildable && it.state != pending {
		return false
	}
	if l := it.label(); l != nil && !slices.ContainsFunc(w.nodesOf(l), (*node).online) {
		return true
	}
	elapsed, estimate := w.now.Sub(it.ready), time.Duration(-1)
	if it.step == nil {
		estimate = it.job.estimate()
	}
	if estimate >= 0 {
		return elapsed > 10*max(estimate, time.Minute)
	}
	return elapsed.Truncate(time.Hour) > 24*time.Hour
}

// nodesOf are the nodes that have a label; the built-in node may be one of them.
func (w *world) nodesOf(l *label) []*node {
	if w.memo != nil {
		if nodes, ok := w.memo.nodes[l.name]; ok {
			return nodes
		}
	}
	nodes := slices.DeleteFunc(append(slices.Clone(w.members()), w.builtIn), func(n *node) bool { return !l.matches(n.labelSet()) })
	if w.memo != nil {
		w.memo.nodes[l.name] = nodes
	}
	return nodes
}

func (w *world) idleExecutors() int { return w.idleOf(w.computers()) }

func (w *world) idleOf(nodes []*node) int {
	sum := 0
	for _, n := range nodes {
		if n.online() {
			sum += len(n.execs) - n.busy()
		}
	}
	return sum
}

// span writes a duration as Jenkins does: 4.8 sec, 18 sec, 1 min 12 sec, 3 hr 20 min.
func span(d time.Duration) string {
	units := []struct {
		name string
		size time.Duration
	}{{"yr", 365 * 24 * time.Hour}, {"mo", 30 * 24 * time.Hour}, {"day", 24 * time.Hour}, {"hr", time.Hour}, {"min", time.Minute}, {"sec", time.Second}}
	for i, u := range units[:len(units)-1] {
		big := int64(d / u.size)
		if big == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s", big, u.name)
		if big < 10 {
			text += fmt.Sprintf(" %d %s", d%u.size/units[i+1].size, units[i+1].name)
		}
		return text
	}
	millis := d.Milliseconds()
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%d sec", millis/1000)
	case millis >= 1000:
		return fmt.Sprintf("%d.%d sec", millis/1000, millis%1000/100)
	case millis >= 100:
		return fmt.Sprintf("0.%02d sec", millis/10)
	}
	return fmt.Sprintf("%d ms", millis)
}
