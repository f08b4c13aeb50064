// Package object is Kubernetes objects as values: names, sets, order of application, ownership, differences with secrets
// masked.
package object

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// ID names one object in one cluster. The version is not part of it: the same object is served in several.
type ID struct {
	Group     string // "" is the core group
	Kind      string
	Namespace string // "" for cluster-scoped objects
	Name      string
}

// String gives the ID as "apps/Deployment jenkins/agent-linux", "Namespace jenkins" for the core group.
func (id ID) String() string {
	kind := id.Kind
	if id.Group != "" {
		kind = id.Group + "/" + kind
	}
	if id.Namespace == "" {
		return kind + " " + id.Name
	}
	return kind + " " + id.Namespace + "/" + id.Name
}

// Compare orders IDs by stage of application, then group, kind, namespace and name.
func (id ID) Compare(o ID) int {
	return cmp.Or(
		cmp.Compare(id.Stage(), o.Stage()),
		strings.Compare(id.Group, o.Group), strings.Compare(id.Kind, o.Kind),
		strings.Compare(id.Namespace, o.Namespace), strings.Compare(id.Name, o.Name),
	)
}

// Object is one Kubernetes object as its JSON has it: maps, slices, strings, bools, int64, float64 and nil.
type Object map[string]any

// ID returns the name of the object.
func (o Object) ID() ID {
	group, _, ok := strings.Cut(o.APIVersion(), "/")
	if !ok {
		group = ""
	}
	return ID{Group: group, Kind: o.Kind(), Namespace: o.meta("namespace"), Name: o.meta("name")}
}

// APIVersion returns the field apiVersion, "" if absent.
func (o Object) APIVersion() string { s, _ := o["apiVersion"].(string); return s }

// Version returns the version part of apiVersion: "v1" of "apps/v1".
func (o Object) Version() string {
	_, v, ok := strings.Cut(o.APIVersion(), "/")
	if !ok {
		return o.APIVersion()
	}
	return v
}

// Kind returns the field kind, "" if absent.
func (o Object) Kind() string { s, _ := o["kind"].(string); return s }

// UID returns metadata.uid, "" if the server has not set it.
func (o Object) UID() string { return o.meta("uid") }

// ResourceVersion returns metadata.resourceVersion.
func (o Object) ResourceVersion() string { return o.meta("resourceVersion") }

// Deleting tells whether the object waits for its finalizers.
func (o Object) Deleting() bool { return o.meta("deletionTimestamp") != "" }

// Annotation returns one annotation, "" if absent.
func (o Object) Annotation(key string) string {
	m, _ := o.Metadata()["annotations"].(map[string]any)
	s, _ := m[key].(string)
	return s
}

// SetAnnotation sets one annotation, and makes the maps on the way to it.
func (o Object) SetAnnotation(key, value string) {
	meta := o.Metadata()
	if meta == nil {
		meta = map[string]any{}
		o["metadata"] = meta
	}
	m, _ := meta["annotations"].(map[string]any)
	if m == nil {
		m = map[string]any{}
		meta["annotations"] = m
	}
	m[key] = value
}

// Metadata returns the map at metadata, nil if absent.
func (o Object) Metadata() map[string]any { m, _ := o["metadata"].(map[string]any); return m }

func (o Object) meta(key string) string { s, _ := o.Metadata()[key].(string); return s }

// Clone returns a deep copy.
func (o Object) Clone() Object { c, _ := clone(map[string]any(o)).(map[string]any); return c }

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = clone(e)
		}
		return m
	case []any:
		s := make([]any, len(v))
		for i, e := range v {
			s[i] = clone(e)
		}
		return s
	}
	return v
}

// JSON returns the object as JSON with sorted keys.
func (o Object) JSON() []byte {
	b, err := json.Marshal(map[string]any(o))
	if err != nil {
		panic(fmt.Sprintf("object %s is not JSON: %v", o.ID(), err))
	}
	return b
}

// Hash returns 16 hex digits that change when any field changes. It is for telling versions apart, not for security.
func (o Object) Hash() string { return HashOf(o.JSON()) }

// HashOf returns 16 hex digits over the JSON of an object.
func HashOf(b []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(b)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Set is the objects of one environment.
type Set map[ID]Object

// NewSet returns the objects as a set; the last of two with one ID stays.
func NewSet(objects ...Object) Set {
	s := make(Set, len(objects))
	for _, o := range objects {
		s[o.ID()] = o
	}
	return s
}

// IDs returns the names in the set in order of application.
func (s Set) IDs() []ID {
	ids := make([]ID, 0, len(s))
	for id := range s {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, ID.Compare)
	return ids
}
