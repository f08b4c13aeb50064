package yaml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/util/validation"

	"majordomo.dev/reconciler/object"
)

// CheckIdentity says what is missing of what names an object: apiVersion, kind and metadata.name.
func CheckIdentity(o object.Object) *Error {
	fail := func(field, format string, args ...any) *Error {
		return &Error{Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	_, generated := o.Metadata()["generateName"]
	switch {
	case o.APIVersion() == "":
		return fail(".apiVersion", "is missing; every object has one, such as v1 or apps/v1")
	case o.Kind() == "":
		return fail(".kind", "is missing; every object has one, such as ConfigMap")
	case strings.Count(o.APIVersion(), "/") > 1 || strings.ContainsAny(o.APIVersion()+o.Kind(), " \t\n"):
		return fail(".apiVersion", "%q with kind %q is no API; allowed are VERSION and GROUP/VERSION", o.APIVersion(), o.Kind())
	case generated:
		return fail(".metadata.generateName", "gives the object a new name on each sync; set metadata.name")
	case o.ID().Name == "":
		return fail(".metadata.name", "is missing, or no text; every object needs a name of its own")
	}
	return nil
}

// Check returns what is wrong with an object before the server has seen it, and what a person should look at.
func Check(o object.Object) (problems, warnings []*Error) {
	if err := CheckIdentity(o); err != nil {
		return []*Error{err}, nil
	}
	c := check{id: o.ID()}
	c.name(o.ID())
	c.serverFields(o)
	c.labels(o.Metadata())
	c.annotations(o.Metadata())
	c.values(map[string]any(o), nil)
	byField := func(a, b *Error) int { return strings.Compare(a.Field, b.Field) }
	slices.SortStableFunc(c.problems, byField)
	slices.SortStableFunc(c.warnings, byField)
	return c.problems, c.warnings
}

// check collects what is wrong with one object.
type check struct {
	id                 object.ID
	problems, warnings []*Error
}

func (c *check) fail(field, format string, args ...any) {
	c.problems = append(c.problems, &Error{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// name holds a name against the rule of its kind.
func (c *check) name(id object.ID) {
	longest, problems := 253, validation.IsDNS1123Subdomain(id.Name)
	allowed := "lower case letters, digits, - and . inside"
	switch {
	case id.Group == "rbac.authorization.k8s.io":
		problems, allowed = content.IsPathSegmentName(id.Name), "anything but /, %, . and .."
	case id.Group == "" && id.Kind == "Service":
		longest, problems, allowed = 63, validation.IsDNS1035Label(id.Name), "lower case letters, digits and - inside, with a letter first"
	case id.Group == "" && id.Kind == "Namespace":
		longest, problems, allowed = 63, validation.IsDNS1123Label(id.Name), "lower case letters, digits and - inside"
	case slices.Contains(podMakers, id.Kind):
		longest = 63 // its name becomes a label of its pods
	case id.Kind == "CronJob":
		longest = 52 // eleven letters are added for each Job
	}
	if len(id.Name) > longest {
		c.fail(".metadata.name", "%q is %d characters long, with namePrefix and nameSuffix; allowed are %d", id.Name, len(id.Name), longest)
	} else if len(problems) > 0 {
		c.fail(".metadata.name", "%q is no name for a %s; allowed are %s", id.Name, id.Kind, allowed)
	}
	if id.Namespace != "" && len(validation.IsDNS1123Label(id.Namespace)) > 0 {
		c.fail(".metadata.namespace", "%q is no namespace; allowed are up to 63 lower case letters, digits and - inside", id.Namespace)
	}
}

var podMakers = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"}

// serverFields refuses what only the server may set. What tools write there as a placeholder may stay.
func (c *check) serverFields(o object.Object) {
	if s, ok := o["status"]; ok && !empty(s) && c.id.Kind != "CustomResourceDefinition" {
		c.fail(".status", "is the server's; remove it")
	}
	for _, field := range []string{
		"uid", "resourceVersion", "generation", "selfLink", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
		"managedFields", "ownerReferences", "finalizers",
	} {
		if v, ok := o.Metadata()[field]; ok && !empty(v) {
			c.fail(".metadata."+field, "is set by the cluster and does not belong in Git; remove it")
		}
	}
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

func (c *check) labels(meta map[string]any) {
	c.texts(meta, "labels", func(key, value, at string) {
		if len(validation.IsQualifiedName(key)) > 0 {
			c.fail(at, "is no label key; allowed are [PREFIX/]NAME with up to 63 letters, digits, -, _ and . inside")
		}
		if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
			c.fail(at, "the value is %d characters long, or has others than letters, digits, -, _ and . inside; allowed are 63", len(value))
		}
	})
}

func (c *check) annotations(meta map[string]any) {
	const most = 256 << 10
	size := 0
	c.texts(meta, "annotations", func(key, value, at string) {
		size += len(key) + len(value)
		if len(validation.IsQualifiedName(strings.ToLower(key))) > 0 {
			c.fail(at, "is no annotation key; allowed are [PREFIX/]NAME with up to 63 letters, digits, -, _ and . inside")
		}
	})
	if size > most {
		c.fail(".metadata.annotations", "are %d bytes together; allowed are %d", size, most)
	}
}

// texts visits a map of texts in metadata.
func (c *check) texts(meta map[string]any, field string, visit func(key, value, at string)) {
	m, ok := meta[field].(map[string]any)
	if !ok {
		if meta[field] != nil {
			c.fail(".metadata."+field, "is %s; allowed is a map of texts", typeName(meta[field]))
		}
		return
	}
	root := (*place)(nil).field("metadata").field(field)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value, ok := m[key].(string)
		if !ok {
			c.fail(root.field(key).String(), "is %s; allowed is text, so put it in quotes", typeName(m[key]))
			continue
		}
		visit(key, value, root.field(key).String())
	}
}
