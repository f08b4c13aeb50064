package loop

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

func TestObjectsThatNeverBecomeReadyAreSaidToTakeTooLong(t *testing.T) {
	w := newWorld(t, 1)
	w.files["base/objects.yaml"] += `---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: home}
spec: {accessModes: [ReadWriteOnce], storageClassName: none-such, resources: {requests: {storage: 1Mi}}}
`
	w.commit("first")
	w.patience = 2 * time.Second
	w.start()
	c := w.condition(w.envs[0], status.Stalled, status.True, status.HealthTimeout) // though nothing happens that would have it looked at
	t.Log(c.Message)
}

func TestFightEndsThoughNothingHappens(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	id := object.ID{Kind: "ConfigMap", Namespace: "a", Name: "b"}
	fs := fights{}
	if at := fs.end(now); !at.IsZero() {
		t.Errorf("without a fight it ends at %v", at)
	}
	for range fightRepairs + 1 {
		fs.note(plan.Step{ID: id}, now)
	}
	at := fs.end(now)
	if len(fs.list(at.Add(-2*time.Second))) != 1 || len(fs.list(at)) != 0 {
		t.Errorf("over at %v, want that to be the moment at which it is forgotten", at)
	}
}

// forgetful is a source that cannot give an old commit for a while.
type forgetful struct {
	source
	left *int
}

func (f forgetful) Find(ctx context.Context, hash string) (*git.Commit, error) {
	if *f.left--; *f.left >= 0 {
		return nil, errors.New("the server is down")
	}
	return f.source.Find(ctx, hash)
}

func TestRollbackIsTriedAgainWhereItsCommitCannotBeHad(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	stop := w.start()
	w.ready(env, first)
	stop()
	w.files["base/objects.yaml"] += extras(1)
	second := w.commit("second")
	w.pin(env, first, second)
	w.make(Options{})
	left := 2
	w.loop.source = forgetful{source: w.source, left: &left}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.loop.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	w.edit(env, "casc", `{"data":{"executors":"9"}}`)
	w.eventually("the healing under the rollback", func() error {
		if got := w.value(configMaps, env, "casc", "data", "executors"); got != "0" {
			return fmt.Errorf("executors %s", got)
		}
		return nil
	})
}
