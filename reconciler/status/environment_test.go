package status

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"majordomo.dev/reconciler/object"
)

// full returns a status in which every field is set.
func full() Environment {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return Environment{
		ObservedGeneration: 3, Revision: "3f2c1ab9", ShortRevision: "3f2c1ab", Digest: "0123456789abcdef", LastAttemptedRevision: "3f2c1ab9",
		Conditions: []Condition{{Type: Ready, Status: True, Reason: Synced, Message: "fine", LastTransitionTime: at, ObservedGeneration: 3}},
		Objects:    Objects{Total: 4, Ready: 1, Failed: 2, Refused: 1},
		LastSync:   &Sync{Time: at, Trigger: Poll, Duration: Duration(1500 * time.Millisecond), Created: 1, Updated: 2, Pruned: 3, Failed: 4},
		LastDrift:  &Drift{Time: at, Object: "Service jenkins/jenkins", Fields: []string{".spec.ports"}, Manager: "kubectl"},
		Drift:      Drifts{Repairs: 7, Fights: []Fight{{Object: "Service jenkins/jenkins", Manager: "kubectl", Fields: []string{".spec"}}}},
		Held:       &Held{Hash: "fedcba9876543210", Reason: "too many", Objects: []string{"Service jenkins/old"}},
		History:    []Past{{Revision: "3f2c1ab9", Time: at, Duration: Duration(time.Second), Result: ResultSynced, Changes: 6}},
		Inventory:  []InventoryEntry{{ID: "/v1/Service/jenkins/jenkins", UID: uid, Hash: "0123456789abcdef"}},
	}
}

func TestStatusSurvivesTheServer(t *testing.T) {
	want := full()
	got, err := Read(object.Object{"kind": "Environment", "status": want.Fields()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status changed on the way (-want +got):\n%s", diff)
	}
	if got, err := Read(object.Object{"kind": "Environment"}); err != nil || !got.Same(Environment{}) {
		t.Errorf("an object without status reads as %+v, %v", got, err)
	}
}

func TestStatusOfTheWrongShapeIsAnError(t *testing.T) {
	o := object.Object{"kind": "Environment", "metadata": map[string]any{"name": "gke"}, "status": map[string]any{"inventory": "gone"}}
	e, err := Read(o)
	if err == nil || !strings.Contains(err.Error(), "Environment gke: status") || !e.Same(Environment{}) {
		t.Errorf("Read = %+v, %v, want an error that names the object", e, err)
	}
}

// The API server drops what the definition does not have, without a word: every field that is written must be in it, with its type.
func TestDefinitionHasEveryField(t *testing.T) {
	b, err := os.ReadFile("../../manifests/crds/environments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema schema `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(b, &crd); err != nil || len(crd.Spec.Versions) != 1 {
		t.Fatalf("%v, %d versions", err, len(crd.Spec.Versions))
	}
	s := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
	s.check(t, "status", full().Fields())
}

type schema struct {
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
}

func (s schema) check(t *testing.T, path string, v any) {
	t.Helper()
	kind := ""
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for k, e := range v {
			below, ok := s.Properties[k]
			if !ok {
				t.Errorf("%s.%s is not in the definition", path, k)
				continue
			}
			below.check(t, path+"."+k, e)
		}
		for k := range s.Properties {
			if _, ok := v[k]; !ok {
				t.Errorf("%s.%s is in the definition and never written", path, k)
			}
		}
	case []any:
		kind = "array"
		s.Items.check(t, path+"[]", v[0])
	case string:
		kind = "string"
	case int64:
		kind = "integer"
	}
	if s.Type != kind {
		t.Errorf("%s is %s in the definition, %s as written", path, s.Type, kind)
	}
}

func TestSameButForTimes(t *testing.T) {
	later := full()
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	later.Conditions[0].LastTransitionTime = at
	later.LastSync.Time, later.LastSync.Duration = at, Duration(time.Hour)
	later.LastDrift.Time = at
	later.History[0].Time, later.History[0].Duration = at, 5
	if !full().Same(later) || !later.Same(full()) {
		t.Error("statuses that differ in times only are not the same")
	}
	for name, change := range map[string]func(*Environment){
		"message":   func(e *Environment) { e.Conditions[0].Message = "other" },
		"status":    func(e *Environment) { e.Conditions[0].Status = False },
		"failed":    func(e *Environment) { e.LastSync.Failed++ },
		"repairs":   func(e *Environment) { e.Drift.Repairs++ },
		"inventory": func(e *Environment) { e.Inventory[0].Hash = "" },
		"held":      func(e *Environment) { e.Held = nil },
		"history":   func(e *Environment) { e.History[0].Changes++ },
		"ready":     func(e *Environment) { e.Objects.Ready++ },
		"attempted": func(e *Environment) { e.LastAttemptedRevision = "x" },
	} {
		e := full()
		change(&e)
		if e.Same(full()) {
			t.Errorf("a status with another %s is the same", name)
		}
	}
	if e := full(); e.timeless() == nil || e.LastSync.Time.IsZero() || e.Conditions[0].LastTransitionTime.IsZero() {
		t.Error("comparing changed the status")
	}
	if !(Environment{Conditions: []Condition{}}).Same(Environment{}) {
		t.Error("an empty list is not the same as none")
	}
}
