package plan

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"majordomo.dev/reconciler/object"
)

// Environment is what a plan has to know of an environment's configuration.
type Environment struct {
	Name string
	// Namespaces are where objects may be; empty means those that the overlay itself creates.
	Namespaces []string
	// ClusterKinds are the cluster-scoped kinds that are allowed beside Namespace, PersistentVolume and StorageClass where Namespaces are given.
	ClusterKinds []string
}

// Payload is one object as it is sent to the server.
type Payload struct {
	Object object.Object
	Body   []byte // Object as JSON
	Hash   string // of Body
	// Released are fields that are not majordomo's: ignored ones and the replicas of pools. They are not in Object, and keyed.
	Released []object.Pointer
	// Seed holds values for released fields that a new object starts with.
	Seed []Seed
}

// Seed is the first value of a field that is not majordomo's afterwards.
type Seed struct {
	Field object.Pointer
	Value any
}

// Desired is what Git wants of one environment, ready to be compared and sent.
type Desired struct {
	Environment string
	Objects     map[object.ID]Payload
	Refused     []Step // objects that are never sent, with the reason
	Digest      string // changes with any payload
}

var replicas = object.Pointer{"spec", "replicas"}

// Desire turns rendered objects into payloads: each gets its owner's mark, loses the fields that others own, and is brought to the
// form in which the server keeps it. Objects outside the environment's bounds are refused.
func Desire(env Environment, set object.Set) Desired {
	d := Desired{Environment: env.Name, Objects: make(map[object.ID]Payload, len(set))}
	pools := scaleTargets(set)
	bounds := boundsOf(env, set)
	for _, id := range set.IDs() {
		if reason := bounds.refuse(id); reason != "" {
			d.Refused = append(d.Refused, Step{ID: id, Op: Refuse, Reason: reason})
			continue
		}
		p, err := payload(env.Name, set[id], pools)
		if err != nil {
			d.Refused = append(d.Refused, Step{ID: id, Op: Refuse, Reason: err.Error()})
			continue
		}
		d.Objects[id] = p
	}
	d.Digest = digest(d)
	return d
}

func digest(d Desired) string {
	all := object.Object{}
	for id, p := range d.Objects {
		all[id.String()] = p.Hash
	}
	return all.Hash()
}

// IDs returns the names of the payloads in order of application.
func (d Desired) IDs() []object.ID {
	ids := make([]object.ID, 0, len(d.Objects))
	for id := range d.Objects {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, object.ID.Compare)
	return ids
}

func payload(env string, o object.Object, pools map[object.ID]int64) (Payload, error) {
	c := o.Clone()
	released, err := c.Ignored()
	if err != nil {
		return Payload{}, err
	}
	var seeds []Seed
	for _, f := range released {
		if v, ok := c.Get(f); ok {
			seeds = append(seeds, Seed{Field: f, Value: v})
		}
	}
	if first, ok := pools[o.ID()]; ok {
		seeds = slices.DeleteFunc(seeds, func(s Seed) bool { return s.Field.String() == replicas.String() })
		seeds = append(seeds, Seed{Field: replicas, Value: first})
		released = append(released, replicas)
	}
	normalize(c)
	c.SetAnnotation(object.Environment, env)
	for i, f := range released {
		released[i] = c.Keyed(f)
		c.Remove(f)
	}
	if _, isTarget := pools[o.ID()]; isTarget {
		stamp(c)
	}
	body := c.JSON()
	return Payload{Object: c, Body: body, Hash: object.HashOf(body), Released: released, Seed: seeds}, nil
}

// normalize brings an object to the form in which the server keeps it, where sending it otherwise does harm: a Secret's stringData would not be
// owned and so never removed, and the creation time and status are the server's.
func normalize(o object.Object) {
	delete(o, "status")
	if m := o.Metadata(); m != nil {
		delete(m, "creationTimestamp")
	}
	plain, ok := o["stringData"].(map[string]any)
	if o.ID().Group != "" || o.Kind() != "Secret" || !ok {
		return
	}
	data, _ := o["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
		o["data"] = data
	}
	for k, v := range plain {
		s, isText := v.(string)
		if !isText {
			return // the server says what is wrong with it
		}
		data[k] = base64.StdEncoding.EncodeToString([]byte(s))
	}
	delete(o, "stringData")
}

// scaleTargets returns the objects that AgentPools of the set scale, each with the number of replicas that it starts with.
func scaleTargets(set object.Set) map[object.ID]int64 {
	targets := map[object.ID]int64{}
	for id, o := range set {
		if id.Group != "majordomo.dev" || id.Kind != "AgentPool" {
			continue
		}
		spec, _ := o["spec"].(map[string]any)
		ref, _ := spec["scaleTargetRef"].(map[string]any)
		version, _ := ref["apiVersion"].(string)
		kind, _ := ref["kind"].(string)
		name, _ := ref["name"].(string)
		first, _ := spec["min"].(int64)
		target := object.Object{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name, "namespace": id.Namespace}}
		targets[target.ID()] = first
	}
	return targets
}

// bounds is where an environment's objects may be.
type bounds struct {
	env        Environment
	namespaces []string
	explicit   bool
}

func boundsOf(env Environment, set object.Set) bounds {
	if len(env.Namespaces) > 0 {
		return bounds{env: env, namespaces: env.Namespaces, explicit: true}
	}
	b := bounds{env: env}
	for id := range set {
		if id.Group == "" && id.Kind == "Namespace" {
			b.namespaces = append(b.namespaces, id.Name)
		}
	}
	slices.Sort(b.namespaces)
	return b
}

var clusterKinds = []string{"Namespace", "PersistentVolume", "StorageClass"}

// refuse says why an object is out of bounds, "" if it is not.
func (b bounds) refuse(id object.ID) string {
	allowed := "none"
	if len(b.namespaces) > 0 {
		allowed = strings.Join(b.namespaces, ", ")
	}
	where := fmt.Sprintf("environment %s may use: %s", b.env.Name, allowed)
	switch {
	case id.Namespace != "" && !slices.Contains(b.namespaces, id.Namespace):
		return fmt.Sprintf("namespace %s is outside the environment; %s (fleet.yaml, namespaces)", id.Namespace, where)
	case id.Namespace == "" && id.Group == "" && id.Kind == "Namespace" && !slices.Contains(b.namespaces, id.Name):
		return fmt.Sprintf("namespace %s is not this environment's; %s (fleet.yaml, namespaces)", id.Name, where)
	case id.Namespace == "" && b.explicit && !slices.Contains(clusterKinds, id.Kind) && !slices.Contains(b.env.ClusterKinds, id.Kind):
		return fmt.Sprintf("%s has no namespace, or is of a cluster-scoped kind that environment %s may not use; allowed: %s (fleet.yaml, clusterKinds)",
			id.Kind, b.env.Name, strings.Join(append(slices.Clone(clusterKinds), b.env.ClusterKinds...), ", "))
	}
	return ""
}
