package loop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/status"
)

// events returns "Type Reason" of the Events at an environment, in the order of their names, which is that of time.
func (w *world) events(env string) []string {
	w.t.Helper()
	list, err := w.kube.Resource(schema.GroupVersionResource{Version: "v1", Resource: "events"}).Namespace("default").
		List(w.t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=Environment,involvedObject.name=" + env})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	var out []string
	for _, u := range list.Items {
		out = append(out, fmt.Sprint(u.Object["type"], " ", u.Object["reason"]))
	}
	return out
}

func TestTransitionsBecomeEvents(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	overlay := "overlays/" + env + "/kustomization.yaml"
	good := w.files[overlay]
	w.files[overlay] = "resources: [nowhere.yaml]\n"
	w.commit("bad")
	w.condition(env, status.Rendered, status.False, "")
	w.files[overlay] = good
	w.commit("mended")
	w.condition(env, status.Ready, status.True, "")
	w.settled()
	got := w.events(env)
	for _, want := range []string{"Normal Synced", "Warning RenderFailed"} {
		if !slices.Contains(got, want) {
			t.Errorf("events %v, want %q among them", got, want)
		}
	}
	if len(got) > 8 {
		t.Errorf("%d events for three transitions: %v", len(got), got)
	}
	e := w.environment(env)
	if len(e.History) == 0 || e.History[len(e.History)-1].Revision != first {
		t.Errorf("history %+v, want the first commit in it", e.History)
	}
}

func TestForcePushIsRefusedWhereThePolicySaysSo(t *testing.T) {
	w := newWorld(t, 1)
	w.force = git.Refuse
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "8"`, 1)
	second := w.commit("second")
	w.ready(env, second)
	w.repo.Reset(first)
	c := w.condition(env, status.SourceReady, status.False, status.NotFastForward)
	if !strings.Contains(c.Message, second[:7]) {
		t.Errorf("message %q, want the commit in force named", c.Message)
	}
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "8" {
		t.Errorf("executors %s: the older commit was applied", got)
	}
}
