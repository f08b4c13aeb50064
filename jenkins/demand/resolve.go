package demand

import (
	"majordomo.dev/jenkins"
)

// verdict is who has to serve an item.
type verdict struct {
	pool     string // ID
	found    bool   // there is such a pool
	waited   string // node that the item wants and no other
	label    string // for people
	served   bool   // an agent of no pool serves it
	shutdown bool   // Jenkins shuts down and does not tell the label
	advice   string // what would help, one sentence
}

const (
	sentinel = "Jenkins has no node at all, and then does not say which label it wants: add a node that never connects, as " +
		"majordomo-sentinel in manifests/master/jcasc/jenkins.yaml, or keep an agent with min: 1"
	noNormal = "No pool takes builds without a label; mode: normal makes one take them"
)

// resolve finds the label of an item in the words of Jenkins and the settings of the job, and who serves it.
//
// The label of the job counts unless the sentence speaks of another: a parameter of the build may have replaced it.
func (t *site) resolve(it *jenkins.Item) verdict {
	var own Expression
	known := it.Task.Label != nil && *it.Task.Label != ""
	if known {
		own = written(*it.Task.Label)
	}
	c := t.read(it.Why)
	switch {
	case c.self != "":
		return t.named(c.self)
	case c.denied:
		if c.label == "" {
			c.label = own.String()
		}
		return verdict{label: c.label}
	case c.label != "":
		return t.labelled(spoken(c.label, own, known))
	case c.either != "":
		return t.either(c.either, own, known)
	case c.alone != "":
		return t.alone(c.alone, own, known)
	case known:
		return t.labelled(own)
	case len(c.nodes) > 0 && !c.reserved:
		return t.mentioned(c.nodes)
	}
	return t.untold(it, c)
}

// spoken is the label that Jenkins writes in a sentence: that of the job, or another one. There, a single label has no quotes.
func spoken(label string, own Expression, known bool) Expression {
	if name, single := own.Name(); known && single && name == label {
		return own
	}
	e, _ := Parse(label)
	return e
}

// labelled is who serves a label.
func (t *site) labelled(e Expression) verdict {
	if name, single := e.Name(); single && !t.offered(name) {
		_, _, ours := t.agent(name)
		if _, node := t.computers[name]; node || ours {
			return t.named(name)
		}
	}
	id, ok := t.choose(e)
	return verdict{pool: id, found: ok, label: e.String(), served: !ok && t.served(e)}
}

// named is an item that wants one node, whether it is there or not.
func (t *site) named(node string) verdict { return verdict{waited: node, label: node, served: true} }

// either is an item about which Jenkins names the label, or the one node that has it.
func (t *site) either(name string, own Expression, known bool) verdict {
	c, node := t.computers[name]
	_, _, ours := t.agent(name)
	label := spoken(name, own, known)
	switch {
	case known && (label.String() == own.String() || node && own.Match(c.Labels) || !node && ours): // ours has just gone
		return t.labelled(own)
	case t.offered(name), !node && !ours:
		return t.labelled(label)
	case known:
		return t.named(name)
	case !node:
		return t.mentioned([]string{name})
	}
	return t.onlyNode(c)
}

// alone is an item whose label only one node has, which is offline.
func (t *site) alone(name string, own Expression, known bool) verdict {
	c, node := t.computers[name]
	switch {
	case known && (!node || own.Match(c.Labels)):
		return t.labelled(own)
	case known:
		return t.named(name)
	case !node:
		return t.mentioned([]string{name})
	}
	return t.onlyNode(c)
}

// onlyNode is an item whose label only one node has, or that wants that node itself. If another node has the same labels, it is the node
// itself. That one is not to go. But it may have been alone when the queue was read, just before the nodes were, so the item still is
// demand, unless the node is not connected: then it is a pipeline that waits for its return.
func (t *site) onlyNode(c jenkins.Computer) verdict {
	v := t.mentioned([]string{c.Name})
	if !t.twin(c) {
		return v
	}
	if !c.Connected {
		return t.named(c.Name)
	}
	v.waited = c.Name
	return v
}

// mentioned is an item whose label is only known to be one that the nodes have: it counts for the pool of the first one that has a pool.
func (t *site) mentioned(nodes []string) verdict {
	v := verdict{label: nodes[0]}
	for _, n := range nodes {
		if id, ok := t.owner(n); ok {
			return verdict{pool: id, found: true}
		}
		if c, ok := t.computers[n]; ok && !c.Offline {
			v.served = true
		}
	}
	return v
}

// untold is an item of which neither Jenkins nor the job tells a label: it has none, or it is hidden.
func (t *site) untold(it *jenkins.Item, c cause) verdict {
	none := told(it.Task) || c.reserved || c.free && (t.nodes || !it.Stuck)
	switch {
	case none:
		id, ok := t.unlabelled()
		v := verdict{pool: id, found: ok, label: NoLabel}
		if !ok {
			v.advice = noNormal
		}
		return v
	case c.shutdown:
		return verdict{label: Untold, shutdown: true}
	case c.free:
		return verdict{label: Untold, advice: sentinel}
	}
	return verdict{label: Untold}
}

// told tells whether Jenkins tells the label of a task of that kind, so that none told is none. The label of a part of a matrix comes from
// its axis, which is not told.
func told(t jenkins.Task) bool {
	switch t.Class {
	case "hudson.model.FreeStyleProject":
		return true
	case "hudson.matrix.MatrixConfiguration":
		return false
	}
	return t.Label != nil
}
