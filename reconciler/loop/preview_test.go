package loop

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

func TestPreviewTellsWhatASyncWouldDoAndWritesNothing(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	overlay := "overlays/" + env + "/"
	w.files[overlay+"login.yaml"] = secretObject(canaryData)
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, login.yaml]\n"
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.suspend(env)
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "4"`, 1)
	w.files[overlay+"login.yaml"] = secretObject(canaryChanged)
	w.files[overlay+"extra.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n"
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, login.yaml, extra.yaml]\n"
	second := w.commit("more executors")
	w.fetched(second)
	before := w.state(env)
	p, err := w.loop.Preview(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range p.Steps {
		if s.Op != plan.Keep {
			got = append(got, fmt.Sprintf("%s %s %s", s.Op, s.ID.Kind, s.ID.Name))
		}
		if text := fmt.Sprint(s.Reason, s.Changes); strings.Contains(text, "canary") {
			t.Errorf("a secret is shown: %s", text)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"create ConfigMap extra", "update ConfigMap casc", "update Secret login"}, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if p.Commit != second {
		t.Errorf("of commit %s, want %s", p.Commit, second)
	}
	if diff := cmp.Diff(before, w.state(env)); diff != "" {
		t.Errorf("the preview wrote (-before +after):\n%s", diff)
	}
	c, known := w.loop.Commit(second)
	if !known || c.Subject != "more executors" || c.Author == "" || c.Time.IsZero() {
		t.Errorf("the commit: %+v, %t", c, known)
	}
	t.Run("a commit that does not render", func(t *testing.T) {
		w.files[overlay+"kustomization.yaml"] = "resources: [nothing.yaml]\n"
		bad := w.commit("bad")
		w.fetched(bad)
		if _, err := w.loop.Preview(t.Context(), env); err == nil || !strings.Contains(err.Error(), "nothing.yaml") {
			t.Errorf("Preview = %v", err)
		}
	})
	if _, err := w.loop.Preview(t.Context(), "nothing"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown environment: %v", err)
	}
}

// fetched waits until a commit is the newest that was read.
func (w *world) fetched(commit string) {
	w.t.Helper()
	w.eventually("the commit is read", func() error {
		if got := w.board.Snapshot().Source.Revision; got != commit {
			return fmt.Errorf("at %s", got)
		}
		return nil
	})
}

func (w *world) suspend(env string) {
	w.patch(environments, "", env, map[string]any{"spec": map[string]any{"suspend": map[string]any{"reason": "maintenance"}}})
	w.condition(env, status.Suspended, status.True, status.Suspended)
}

func TestCommitsThatAreRememberedAreBounded(t *testing.T) {
	var c commits
	for i := range 3 * maxCommits {
		c.note(&git.Commit{Hash: fmt.Sprintf("%040x", i)})
		c.note(&git.Commit{Hash: fmt.Sprintf("%040x", 0)}) // is named again and again
	}
	if len(c.known) != maxCommits || len(c.order) != maxCommits {
		t.Errorf("%d known, %d in order; want %d", len(c.known), len(c.order), maxCommits)
	}
	if _, known := c.known[fmt.Sprintf("%040x", 0)]; !known {
		t.Error("the one that is in use was forgotten")
	}
}
