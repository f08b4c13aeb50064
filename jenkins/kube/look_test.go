package kube

import (
	"fmt"
	"strings"
	"testing"
)

func TestEachKindOfTargetIsSeenWithItsPods(t *testing.T) {
	for kind, more := range map[string]string{
		"ReplicaSet": "", "ReplicationController": "", "Deployment": "paused: false, ", "StatefulSet": "serviceName: agent, podManagementPolicy: Parallel, updateStrategy: {type: OnDelete}, ",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.target(kind, 2, more)
			s.pool(kind, "")
			v := s.running(2)
			if v.Target.Kind != kind || v.Target.Replicas != 2 || v.Target.Template != "one" || v.Target.UID == "" || v.Selector != "app=agent" {
				t.Errorf("target %+v, selector %q", v.Target, v.Selector)
			}
			for i, p := range v.Pods {
				ordinal := -1
				if kind == "StatefulSet" {
					ordinal = i
				}
				if p.NeverRan || p.Template != "one" || p.Ordinal != ordinal || p.Created.IsZero() || p.Node == "" || !p.Active() {
					t.Errorf("pod %+v", p)
				}
			}
			live, pods, err := s.client.Live(t.Context(), v.Pool)
			live.Version, v.Target.Version = "", ""
			if err != nil || live != v.Target || fmt.Sprint(len(pods), pods[0].Name) != fmt.Sprint(2, v.Pods[0].Name) {
				t.Errorf("live %+v %+v, %v; the watch has %+v", live, pods, err, v.Target)
			}
			if refused := kind == "Deployment"; refused != (len(v.Problems) > 0) {
				t.Errorf("problems %v", v.Problems)
			}
		})
	}
}

func TestScaleOwnsReplicasAndLowersOnlyWhatWasRead(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 1, "")
	s.pool("ReplicaSet", "")
	v := s.running(1)
	if err := s.client.Scale(t.Context(), s.ns, v.Target, 3); err != nil {
		t.Fatal(err)
	}
	if now, _ := s.client.Look(Ref{s.ns, "linux"}); now.Target.Replicas != 3 {
		t.Errorf("replicas %d right after the write, want 3", now.Target.Replicas)
	}
	now := s.running(3)
	old := now.Target
	old.Version = v.Target.Version
	if err := s.client.Scale(t.Context(), s.ns, old, 2); !strings.Contains(fmt.Sprint(err), ErrChanged.Error()) {
		t.Errorf("on top of an old version: %v, want ErrChanged", err)
	}
	s.eventually("the replicas to be lowered", func() error { // the status may change at any moment
		now, err := s.client.Look(Ref{s.ns, "linux"})
		if err == nil {
			err = s.client.Scale(t.Context(), s.ns, now.Target, 2)
		}
		return err
	})
	s.running(2)
	owner := ""
	for _, f := range (&unstructuredOf{s.get("ReplicaSet", "agent")}).managers() {
		if strings.Contains(fmt.Sprint(f), "f:replicas") && strings.Contains(fmt.Sprint(f), "scale") {
			owner = text(f, "manager")
		}
	}
	if owner != "majordomo-fleet" {
		t.Errorf("spec.replicas is owned by %q through the scale subresource", owner)
	}
}

// unstructuredOf is an object of the server.
type unstructuredOf struct{ o map[string]any }

func (u *unstructuredOf) managers() []any {
	list, _ := at(u.o, "metadata", "managedFields").([]any)
	return list
}
