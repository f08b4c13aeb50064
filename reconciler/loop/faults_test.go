package loop

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/status"
)

const statusBody = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`

func failure(code int, reason, message string, header ...string) *fault {
	return &fault{from: 1, to: -1, do: answer(code, fmt.Sprintf(statusBody, message, reason, code), header...)}
}

func with(f *fault, verb, path string, from, to int) *fault {
	f.verb, f.path, f.from, f.to = verb, path, from, to
	return f
}

// apiFault is one thing that goes wrong between the loop and the API server.
type apiFault struct {
	fault *fault
	says  string // in the conditions while the fault lasts, "" if it passes by itself
}

func apiFaults() map[string]apiFault {
	return map[string]apiFault{
		"F12 connection refused":              {fault: with(&fault{do: refuse(&net.OpError{Op: "dial", Err: errors.New("connection refused")})}, "P", "", 1, -1), says: "connection refused"},
		"F12 name not found":                  {fault: with(&fault{do: refuse(&net.DNSError{Err: "no such host", Name: "api"})}, "", "configmaps/new", 1, -1), says: "no such host"},
		"F12 certificate expired":             {fault: with(&fault{do: refuse(errors.New("tls: failed to verify certificate: x509: certificate has expired"))}, "", "configmaps/new", 1, -1), says: "certificate has expired"},
		"F12 black hole":                      {fault: with(&fault{do: hang}, "PATCH", "configmaps/new", 1, -1), says: "did not answer within"},
		"F13 429 with Retry-After":            {fault: with(failure(429, "TooManyRequests", "slow down", "Retry-After", "1"), "PATCH", "configmaps", 1, 2)},
		"F13 429 without Retry-After":         {fault: with(failure(429, "TooManyRequests", "slow down"), "PATCH", "configmaps/new", 1, -1), says: "slow down"},
		"F14 500 on every third write":        {fault: with(failure(500, "InternalError", "boom"), "PATCH", "configmaps", 2, 3)},
		"F14 503 on one object":               {fault: with(failure(503, "ServiceUnavailable", "etcd is away"), "PATCH", "configmaps/new", 1, -1), says: "etcd is away"},
		"F14 answer lost after the write":     {fault: with(&fault{do: lose}, "PATCH", "configmaps", 1, 2)},
		"F14 answer lost after the delete":    {fault: with(&fault{do: lose}, "DELETE", "", 1, 1)},
		"F14 answer lost of the status":       {fault: with(&fault{do: lose}, "PUT", "/status", 1, 2)},
		"F15 conflict on the inventory":       {fault: with(failure(409, "Conflict", "the object has been modified"), "PUT", "/status", 1, 2)},
		"F15 conflict on the inventory stays": {fault: with(failure(409, "Conflict", "the object has been modified"), "PUT", "/status", 1, 12)},
		"F15 conflict on a hand-over":         {fault: with(failure(422, "Invalid", "the server rejected our request"), "PATCH", "configmaps/new", 2, 2)},
		"F16 forbidden kind":                  {fault: with(failure(403, "Forbidden", `configmaps "new" is forbidden: User "u" cannot patch resource "configmaps"`), "PATCH", "configmaps/new", 1, -1), says: "forbidden for"},
		"F16 token expired":                   {fault: with(failure(401, "Unauthorized", "Unauthorized"), "PATCH", "configmaps", 1, -1), says: "refuses majordomo's credentials"},
		"F22 admission denies":                {fault: with(failure(403, "Forbidden", `admission webhook "policy.example.com" denied the request: not on a Friday`), "PATCH", "configmaps/new", 1, -1), says: "not on a Friday"},
		"F22 admission times out":             {fault: with(failure(500, "InternalError", `failed calling webhook "policy.example.com": context deadline exceeded`), "PATCH", "configmaps/new", 1, -1), says: "policy.example.com"},
		"F28 everything is slow":              {fault: with(&fault{do: slow(30 * time.Millisecond)}, "", "", 1, -1)},
	}
}

// Whatever goes wrong, nothing is pruned on what is not known, the status says what is wrong, and once the fault is over the cluster is as after a
// sync without it.
func TestAPIFaultsConverge(t *testing.T) {
	want, _ := golden(t)
	for name, c := range apiFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			env := w.envs[0]
			w.story()
			first := w.repo.Head()
			w.timeout = 500 * time.Millisecond
			w.start()
			w.ready(env, first)
			w.wire.add(c.fault)
			second := w.commit("after")
			if c.says != "" {
				w.suffers(env, c.says)
			}
			w.ready(env, second)
			if w.wire.met(c.fault) == 0 {
				t.Error("the fault was never met")
			}
			w.eventually("the end state", func() error {
				if diff := cmp.Diff(want, w.state(env)); diff != "" {
					return errors.New(diff)
				}
				return nil
			})
		})
	}
}

// suffers waits until the board says what is wrong, sees that nothing was pruned meanwhile, and ends the fault.
func (w *world) suffers(env, says string) {
	w.t.Helper()
	w.eventually("the status to say "+says, func() error {
		e := w.board.Snapshot().Environments[0].Status
		if ready, _ := e.Condition(status.Ready); ready.Status == status.True || !strings.Contains(fmt.Sprint(e.Conditions), says) {
			return fmt.Errorf("conditions %+v", e.Conditions)
		}
		return nil
	})
	if w.get(configMaps, env, "old") == nil {
		w.t.Error("something was pruned while the sync had failed")
	}
	w.wire.endFaults()
}

func TestF17DroppedAndExpiredWatchesMissNothing(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	// The next watches are told that their version is too old; the reflector lists again.
	expired := with(failure(410, "Expired", "too old resource version"), "GET", "watch=", 1, 6)
	w.wire.add(expired)
	w.wire.drop()
	w.edit(env, "casc", `{"data":{"executors":"66"}}`)
	w.executors(env, "0")
	if w.wire.met(expired) == 0 {
		t.Error("no watch was told that its version is too old")
	}
}

func TestF19UnobservedDeleteIsFoundAfterTheWatchIsBack(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.settled()
	w.wire.add(with(&fault{do: refuse(errors.New("connection reset"))}, "GET", "configmaps", 1, 3))
	w.wire.drop()
	uid := w.get(configMaps, env, "casc").UID()
	w.remove(configMaps, env, "casc")
	w.eventually("the ConfigMap to be back", func() error {
		if o := w.get(configMaps, env, "casc"); o == nil || o.UID() == uid {
			return errors.New("not back")
		}
		return nil
	})
}

func TestF18StaleListDoesNotTakeBackWhatIsKnown(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.settled()
	old := w.wire.record("configmaps") // what a lagging API server will answer with again
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "3"`, 1)
	w.wire.drop()
	w.eventually("a list to be recorded", old.recorded)
	w.ready(env, w.commit("second"))
	lag := with(&fault{do: old.replay}, "GET", "configmaps?", 1, 2)
	expired := with(failure(410, "Expired", "too old resource version"), "GET", "watch=", 1, 3)
	w.wire.first(lag, expired)
	w.wire.clearCalls()
	w.wire.drop()
	w.eventually("the stale list to be given", func() error {
		if w.wire.met(lag) == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	w.settled()
	if n := w.wire.made("PATCH", "configmaps"); n != 0 {
		t.Errorf("%d writes after a stale list, want none", n)
	}
	if got := w.value(configMaps, env, "casc", "data", "executors"); got != "3" {
		t.Errorf("executors %s, want 3", got)
	}
}

func TestF21GroupThatCannotBeDiscoveredTakesOnlyItsOwnObjectsWithIt(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	overlay := "overlays/" + env + "/"
	w.files[overlay+"old.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\n"
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, old.yaml]\n"
	first := w.commit("first")
	stop := w.start()
	w.ready(env, first)
	stop() // the next process has to ask for the kinds again
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base]\n"
	w.files["base/objects.yaml"] = strings.Replace(w.files["base/objects.yaml"], `executors: "0"`, `executors: "5"`, 1)
	w.commit("second")
	w.wire.add(with(failure(503, "ServiceUnavailable", "apps is away"), "GET", "/apis/apps/v1", 1, -1))
	w.start()
	w.executors(env, "5")
	w.condition(env, status.Applied, status.False, "")
	if w.get(configMaps, env, "old") == nil {
		t.Error("an object was pruned though the cluster was not known as a whole")
	}
	w.wire.clear()
	w.condition(env, status.Ready, status.True, "")
	if w.get(configMaps, env, "old") != nil {
		t.Error("the removed object is still there after the fault")
	}
}

func TestF24TerminatingNamespaceIsReportedAndWaitedFor(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	w.start()
	w.ready(env, first)
	w.hold(env) // a finalizer keeps an object, and so the namespace, from going
	w.remove(namespaces, "", env)
	w.eventually("the status to say that the namespace goes", func() error {
		e := w.environment(env)
		if c, _ := e.Condition(status.Ready); c.Status != status.False || !strings.Contains(fmt.Sprint(e.Conditions), "being terminated") {
			return fmt.Errorf("conditions %+v", e.Conditions)
		}
		return nil
	})
	w.release(env)
}

func TestF25ObjectMadeAnewBySomebodyElseIsNotPruned(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	overlay := "overlays/" + env + "/"
	w.files[overlay+"x.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base, x.yaml]\n"
	first := w.commit("first")
	stop := w.start()
	w.ready(env, first)
	stop()
	w.remove(configMaps, env, "x")
	w.create(configMaps, object.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "x", "namespace": env}})
	w.files[overlay+"kustomization.yaml"] = "namespace: " + env + "\nresources: [../../base]\n"
	second := w.commit("second")
	w.start()
	if e := w.ready(env, second); len(e.Inventory) != 3 {
		t.Errorf("inventory %+v, want x forgotten", e.Inventory)
	}
	if w.get(configMaps, env, "x") == nil {
		t.Error("another's object was deleted")
	}
}

func TestF27LostAndDamagedInventory(t *testing.T) {
	w := newWorld(t, 1)
	env := w.envs[0]
	first := w.commit("first")
	stop := w.start()
	w.ready(env, first)

	t.Run("deleted while the loop runs is written again", func(*testing.T) {
		w.remove(environments, "", env)
		w.eventually("the books to be back", func() error {
			if n := len(w.environment(env).Inventory); n != 3 {
				return fmt.Errorf("%d entries", n)
			}
			return nil
		})
	})
	stop()
	t.Run("damaged prunes nothing and says so", func(t *testing.T) {
		w.damage(env)
		w.files["base/objects.yaml"] = strings.SplitN(w.files["base/objects.yaml"], "---", 2)[0] // only the ConfigMap is left
		w.commit("less")
		stop := w.start()
		w.eventually("the damage on the board", func() error {
			if s := w.board.Snapshot(); len(s.Environments) == 0 || !strings.Contains(fmt.Sprint(s.Environments[0].Status.Conditions), status.InventoryDamaged) {
				return fmt.Errorf("board %+v", s.Environments)
			}
			return nil
		})
		if w.get(services, env, "jenkins") == nil {
			t.Error("the Service was pruned on a damaged inventory")
		}
		stop()
	})
	t.Run("deleted while nobody watched prunes nothing", func(t *testing.T) {
		w.remove(environments, "", env)
		w.start()
		w.condition(env, status.Ready, status.True, "")
		if w.get(services, env, "jenkins") == nil {
			t.Error("the Service was pruned without an inventory")
		}
	})
}
