package plan

import (
	"fmt"
	"slices"

	"majordomo.dev/reconciler/object"
)

// The pods' template of what a pool scales, and its stamp.
var (
	template = object.Pointer{"spec", "template"}
	stampOf  = object.Pointer{"spec", "template", "metadata", "annotations", object.Template}
)

// stamp writes a hash of the pods' template into it. A pod carries the stamp of the template that it was made from, so that one made
// from an older template is known without comparing the two.
func stamp(o object.Object) {
	t, ok := o.Get(template)
	if _, isMap := t.(map[string]any); ok && isMap {
		o.Set(stampOf, object.Object{"template": t}.Hash())
	}
}

// rolledBack returns the payload without the pods' template, where the fleet has gone back from the very template that Git wants: its first
// agents never came up. Git's word holds again with the next template.
func (p Payload) rolledBack(live object.Object) (Payload, bool) {
	back := live.Annotation(object.RolledBack)
	if wanted, _ := p.Object.Get(stampOf); back == "" || wanted != back {
		return p, false
	}
	c := p.Object.Clone()
	c.Remove(template)
	p.Object, p.Body = c, c.JSON()
	p.Hash = object.HashOf(p.Body)
	p.Released = append(slices.Clone(p.Released), template)
	return p, true
}

// rolledForward says that the fleet still owns a template from which Git has moved on, "" if it does not.
func (s *Step) rolledForward(live object.Object) string {
	if s.kept || !live.Owned(object.FleetManager).Owns(template) {
		return ""
	}
	was := live.Annotation(object.RolledBack)
	return fmt.Sprintf("field %s is Git's again: it wants another template than %s, from which the fleet went back", template, was)
}
