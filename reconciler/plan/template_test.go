package plan

import (
	"testing"

	"majordomo.dev/reconciler/object"
)

func target(image string) (rs, pool object.Object) {
	rs = object.Object{
		"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": map[string]any{"name": "agent", "namespace": "jenkins"},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "agent", "image": image}}}}},
	}
	pool = object.Object{
		"apiVersion": "majordomo.dev/v1alpha1", "kind": "AgentPool", "metadata": map[string]any{"name": "linux", "namespace": "jenkins"},
		"spec": map[string]any{"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "agent"}},
	}
	return rs, pool
}

func stampIn(o object.Object) string { v, _ := o.Get(stampOf); s, _ := v.(string); return s }

func TestTemplatesOfPoolTargetsCarryTheirHash(t *testing.T) {
	rs, pool := target("a:1")
	first := stampIn(desire(rs, pool).Objects[rs.ID()].Object)
	if first == "" || stampIn(desire(rs).Objects[rs.ID()].Object) != "" {
		t.Fatalf("stamp %q; only what a pool scales has one", first)
	}
	if _, found := rs.Get(stampOf); found {
		t.Error("the rendered object was changed")
	}
	rs.SetAnnotation("note", "about the object, not its pods")
	if again := stampIn(desire(rs, pool).Objects[rs.ID()].Object); again != first {
		t.Errorf("the same template is stamped %s, then %s", first, again)
	}
	other, _ := target("a:2")
	if second := stampIn(desire(other, pool).Objects[rs.ID()].Object); second == first {
		t.Errorf("two templates are stamped %s", second)
	}
}

func TestATemplateThatWasRolledBackIsLeftAlone(t *testing.T) {
	good, pool := target("a:1")
	bad, _ := target("a:2")
	d := desire(bad, pool)
	wanted := stampIn(d.Objects[bad.ID()].Object)
	now := live(desire(good, pool).Objects[good.ID()].Object, "gke")
	now.SetAnnotation(object.RolledBack, wanted)
	in := Input{Desired: d, World: World{Objects: map[object.ID]Seen{bad.ID(): {Live: now}}}, Inventory: Inventory{}}
	in.Inventory[bad.ID()] = Entry{ID: bad.ID(), Hash: "of the bad template", UID: "u"}
	s := Compute(in).Steps[0]
	if _, sent := s.Payload.Object.Get(template); sent {
		t.Errorf("%s sends the template again (%s)", s.Op, s.Reason)
	}
	in.Inventory[bad.ID()] = Entry{ID: bad.ID(), Hash: s.Payload.Hash, UID: "u"}
	if s = Compute(in).Steps[0]; s.Op != Keep || s.Drift {
		t.Errorf("%s (%s), want nothing to do", s.Op, s.Reason)
	}
	next, _ := target("a:3")
	in.Desired = desire(next, pool)
	if s = Compute(in).Steps[0]; s.Op != Update || s.Drift || stampIn(s.Payload.Object) == "" {
		t.Errorf("the next template: %s (%s), want an update from Git", s.Op, s.Reason)
	}
}
