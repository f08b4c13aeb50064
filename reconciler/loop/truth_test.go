package loop

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/status"
)

var eventObjects = schema.GroupVersionResource{Version: "v1", Resource: "events"}

// told returns the reasons and messages of the events of an environment.
func (w *world) told(env string) []string {
	w.t.Helper()
	list, err := w.kube.Resource(eventObjects).Namespace("default").List(w.t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.name=" + env})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, e := range list.Items {
		out = append(out, fmt.Sprintf("%v: %v", e.Object["reason"], e.Object["message"]))
	}
	return out
}

func TestF12ClusterThatDoesNotAnswerLeavesTheRevision(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	before := w.ready(env, first)
	w.wire.add(with(&fault{do: refuse(errors.New("connection refused"))}, "", "networking.k8s.io", 1, -1))
	w.files["base/objects.yaml"] += `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all}
spec: {podSelector: {}}
`
	second := w.commit("a kind that has to be asked for")
	w.condition(env, status.Applied, status.Unknown, status.ClusterUnreachable)
	if e := w.environment(env); e.Revision != first || e.Digest != before.Digest || e.LastAttemptedRevision != second {
		t.Errorf("revision %q, digest %q, attempted %q; want those of before, and %q", e.Revision, e.Digest, e.LastAttemptedRevision, second)
	}
	w.wire.endFaults()
	w.ready(env, second)
}

func TestSuspensionDoesNotMakeARefusedCommitReady(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.files["overlays/"+env+"/kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, missing.yaml]\n"
	bad := w.commit("bad")
	w.condition(env, status.Rendered, status.False, "")
	w.patch(environments, "", env, map[string]any{"spec": map[string]any{"suspend": map[string]any{"reason": "maintenance"}}})
	w.condition(env, status.Suspended, status.True, "")
	e := w.environment(env)
	if e.Is(status.Ready) || e.LastAttemptedRevision != bad || e.Revision != first {
		t.Errorf("attempted %q, revision %q, conditions %+v; want the refusal still told", e.LastAttemptedRevision, e.Revision, e.Conditions)
	}
}

func TestCommitIsNotSaidToBeAppliedWhileItIsNot(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	good := w.files["base/objects.yaml"]
	w.files["base/objects.yaml"] += "---\napiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {type: Typo, ports: [{port: 1}]}\n"
	bad := w.commit("bad")
	w.condition(env, status.Applied, status.False, "")
	w.event(env, "SyncFailed")
	for _, e := range w.told(env) {
		if strings.Contains(e, "commit "+bad[:7]+" is applied") {
			t.Errorf("told %q of a commit that failed", e)
		}
	}
	w.files["base/objects.yaml"] = good
	w.ready(env, w.commit("mended"))
}

// event waits for an event with this reason.
func (w *world) event(env, reason string) {
	w.t.Helper()
	w.eventually("event "+reason, func() error {
		if told := w.told(env); !strings.Contains(strings.Join(told, "\n"), reason+":") {
			return fmt.Errorf("events %q", told)
		}
		return nil
	})
}
