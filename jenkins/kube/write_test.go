package kube

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
)

func TestAMarkIsOnExactlyThisPod(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 1, "")
	s.pool("ReplicaSet", "")
	p := s.running(1).Pods[0]
	step := drain.Step{Op: drain.Mark, Agent: p.Name, UID: p.UID, Cost: drain.CostIdle, Cause: drain.Surplus, Reason: "too many"}
	if err := s.client.Mark(t.Context(), s.ns, step); err != nil {
		t.Fatal(err)
	}
	now, _ := s.client.Look(Ref{s.ns, "linux"})
	if got := now.Pods[0]; got.Drain != "surplus: too many" || got.Cost != drain.CostIdle {
		t.Errorf("pod %+v right after the mark", got)
	}
	if err := s.client.Unmark(t.Context(), s.ns, drain.Step{Op: drain.Unmark, Agent: p.Name, UID: "8a1c"}); !errors.Is(err, ErrChanged) {
		t.Errorf("unmark of another pod of the name: %v, want ErrChanged", err)
	}
	if err := s.client.Unmark(t.Context(), s.ns, step); err != nil {
		t.Fatal(err)
	}
	if now, _ = s.client.Look(Ref{s.ns, "linux"}); now.Pods[0].Drain != "" || now.Pods[0].Cost != 0 {
		t.Errorf("pod %+v after the mark was taken away", now.Pods[0])
	}
	if err := s.client.Mark(t.Context(), s.ns, drain.Step{Agent: "gone", UID: "8a1c"}); !errors.Is(err, ErrGone) {
		t.Errorf("mark of a pod that is not there: %v, want ErrGone", err)
	}
}

func TestAPodIsDeletedAsItWasSeen(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 1, "")
	s.pool("ReplicaSet", "")
	old := s.running(1).Pods[0]
	s.merge("Pod", old.Name, map[string]any{"metadata": map[string]any{"annotations": map[string]any{"note": "changed"}}})
	if err := s.client.DeletePod(t.Context(), old); !errors.Is(err, ErrChanged) {
		t.Errorf("delete of an older version: %v, want ErrChanged", err)
	}
	_, pods, err := s.client.Live(t.Context(), s.look("", func(Sight) error { return nil }).Pool)
	if err != nil || len(pods) != 1 {
		t.Fatal(pods, err)
	}
	other := pods[0]
	other.UID = "8a1c"
	if err := s.client.DeletePod(t.Context(), other); !errors.Is(err, ErrChanged) {
		t.Errorf("delete of another pod of the name: %v, want ErrChanged", err)
	}
	for range 2 {
		if err := s.client.DeletePod(t.Context(), pods[0]); err != nil && !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
	}
	v := s.look("a fresh pod", func(v Sight) error {
		if len(v.Pods) != 1 || v.Pods[0].UID == old.UID || !v.Pods[0].Ready {
			return fmt.Errorf("%+v", v.Pods)
		}
		return nil
	})
	if v.Pods[0].Template != "one" {
		t.Errorf("fresh pod %+v", v.Pods[0])
	}
}

func TestAStatusIsReplacedAsAWhole(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	first := pool.Status{Queued: 3, OldestQueued: &at, Desired: 2, Agents: []pool.Agent{{Name: "a", State: "idle", Since: at}}}
	for _, want := range []pool.Status{first, {Desired: 1}} {
		if err := s.client.WriteStatus(t.Context(), p, want); err != nil {
			t.Fatal(err)
		}
		got := s.look("the status", func(v Sight) error {
			if v.Pool.Status.Desired != want.Desired {
				return errors.New("not yet")
			}
			return nil
		}).Pool.Status
		if (got.OldestQueued == nil) != (want.OldestQueued == nil) || len(got.Agents) != len(want.Agents) || got.Queued != want.Queued {
			t.Errorf("status %+v, want %+v", got, want)
		}
	}
	p.UID = "8a1c"
	if err := s.client.WriteStatus(t.Context(), p, first); err == nil {
		t.Error("the status of another pool of the name was written")
	}
}

func TestOwnStatusIsNoNews(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	s.look("the target", func(v Sight) error {
		if !v.Target.Settled {
			return errors.New("not settled")
		}
		return nil
	})
	s.quiet()
	if err := s.client.WriteStatus(t.Context(), p, pool.Status{Desired: 4}); err != nil {
		t.Fatal(err)
	}
	s.look("the status", func(v Sight) error {
		if v.Pool.Status.Desired != 4 {
			return errors.New("not yet")
		}
		return nil
	})
	select {
	case <-s.news:
		t.Error("the echo of an own write is told as news")
	default:
	}
	s.merge("AgentPool", "linux", map[string]any{"spec": map[string]any{"max": 6}})
	<-s.news
}

// quiet waits until there has been no news for a while.
func (s *site) quiet() {
	for {
		select {
		case <-s.news:
		case <-time.After(300 * time.Millisecond):
			return
		}
	}
}

func TestAFloorByHandIsToldFromOneThatIsApplied(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	s.pool("ReplicaSet", "")
	s.merge("AgentPool", "linux", map[string]any{"spec": map[string]any{"replicas": 3}}, "scale")
	floor := func(n int, note string) func(Sight) error {
		return func(v Sight) error {
			if r := v.Pool.Spec.Replicas; r == nil || *r != n || v.Pool.Annotations[pool.ScaleUntil] != note {
				return fmt.Errorf("replicas %v, annotations %v", r, v.Pool.Annotations)
			}
			return nil
		}
	}
	v := s.look("a floor", floor(3, ""))
	if v.Stated {
		t.Error("a floor by kubectl scale counts as applied")
	}
	if err := s.client.LimitFloor(t.Context(), v.Pool, "2026-11-21T10:00:00Z"); err != nil {
		t.Fatal(err)
	}
	if err := s.client.EndFloor(t.Context(), v.Pool); !errors.Is(err, ErrChanged) {
		t.Errorf("end on top of an older version: %v, want ErrChanged", err)
	}
	v = s.look("a floor with an end", floor(3, "2026-11-21T10:00:00Z"))
	if err := s.client.EndFloor(t.Context(), v.Pool); err != nil {
		t.Fatal(err)
	}
	s.look("no floor", floor(0, ""))
	applied := s.get("AgentPool", "linux")
	applied["metadata"] = map[string]any{"name": "linux", "namespace": s.ns}
	delete(applied, "status")
	applied["spec"].(map[string]any)["replicas"] = int64(2)
	u := &unstructuredObject{Object: applied}
	if _, err := s.in("AgentPool").Apply(t.Context(), "linux", u, metav1.ApplyOptions{FieldManager: "majordomo", Force: true}); err != nil {
		t.Fatal(err)
	}
	if v = s.look("an applied floor", floor(2, "")); !v.Stated {
		t.Error("a floor that is applied counts as one by hand")
	}
}

func TestAPoolIsHeldAndReleased(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	for range 2 {
		if err := s.client.Hold(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	s.look("our finalizer", func(v Sight) error {
		if !v.Held {
			return errors.New("not held")
		}
		return nil
	})
	if err := s.in("AgentPool").Delete(t.Context(), "linux", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.look("the deletion", func(v Sight) error {
		if !v.Pool.Deleting {
			return errors.New("not deleting")
		}
		return nil
	})
	for range 2 {
		if err := s.client.Release(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	s.eventually("the pool to be gone", func() error {
		if _, err := s.client.Look(RefOf(p)); !errors.Is(err, ErrGone) {
			return fmt.Errorf("look: %w", err)
		}
		return nil
	})
	if list := s.client.Pools(); len(list) != 0 {
		t.Errorf("pools %v", list)
	}
}

func TestAMemoryIsThePoolsOwn(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	read := func(want []byte, is error) {
		t.Helper()
		if got, err := s.client.Memory(t.Context(), p); !bytes.Equal(got, want) || !errors.Is(err, is) {
			t.Errorf("memory %q, %v; want %q, %v", got, err, want, is)
		}
	}
	read(nil, nil)
	for _, text := range []string{`{"a": 1}`, `{"b": 2}`} {
		if err := s.client.Remember(t.Context(), p, []byte(text)); err != nil {
			t.Fatal(err)
		}
		read([]byte(text), nil)
	}
	anew := *p
	anew.UID = "8a1c"
	if got, err := s.client.Memory(t.Context(), &anew); got != nil || err != nil {
		t.Errorf("a pool of the same name reads %q, %v; want nothing", got, err)
	}
	for name, packed := range map[string]string{"not gzip": "aGVsbG8=", "truncated": "H4sIAAAAAAAA/6o=", "nothing": ""} {
		s.merge("ConfigMap", "majordomo-pool-linux", map[string]any{"binaryData": map[string]any{"memory.json.gz": packed}})
		if _, err := s.client.Memory(t.Context(), p); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	s.merge("ConfigMap", "majordomo-pool-linux", map[string]any{"metadata": map[string]any{"labels": nil}})
	read(nil, ErrForeign)
	if err := s.client.Remember(t.Context(), p, bytes.Repeat([]byte(fmt.Sprint(time.Now().UnixNano())), 1)); err != nil {
		t.Error(err)
	}
	if owners := at(s.get("ConfigMap", "majordomo-pool-linux"), "metadata", "ownerReferences"); !strings.Contains(fmt.Sprint(owners), p.UID) {
		t.Errorf("owners %v, want the pool", owners)
	}
}

func TestAMemoryIsBounded(t *testing.T) {
	if _, err := unpackOf(strings.Repeat("a", maxMemory+1)); err == nil {
		t.Error("a memory that unpacks to more than the limit was read")
	}
	noise := make([]byte, maxPacked+1)
	x := uint32(1)
	for i := range noise {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise[i] = byte(x)
	}
	if _, err := pack(noise); err == nil {
		t.Error("a memory was packed that no ConfigMap holds")
	}
}

func unpackOf(text string) ([]byte, error) {
	packed, err := pack([]byte(text))
	if err != nil {
		return nil, err
	}
	return unpack(packed)
}

func TestATemplateIsGoneBackTo(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	good := s.look("the target", func(v Sight) error {
		if v.Target.Template != "one" {
			return errors.New("no template")
		}
		return nil
	}).Target
	for range 2 {
		if err := s.client.KeepTemplate(t.Context(), p, good); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := s.client.Templates(t.Context(), p, good); err != nil || !slices.Equal(list, []string{"one"}) {
		t.Errorf("templates %v, %v", list, err)
	}
	s.merge("ReplicaSet", "agent", map[string]any{"spec": map[string]any{"template": map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{pool.Template: "two", "only": "in the second"}}, "spec": map[string]any{"containers": []any{map[string]any{"name": "agent", "image": "bad"}}},
	}}})
	if err := s.client.KeepTemplate(t.Context(), p, good); !errors.Is(err, ErrChanged) {
		t.Errorf("keep of a template that the target no longer has: %v, want ErrChanged", err)
	}
	bad := s.look("the next template", func(v Sight) error {
		if v.Target.Template != "two" {
			return errors.New("not yet")
		}
		return nil
	}).Target
	if err := s.client.RollBack(t.Context(), p, bad, "three", "two"); !errors.Is(err, ErrGone) {
		t.Errorf("back to a template that was not kept: %v, want ErrGone", err)
	}
	if err := s.client.RollBack(t.Context(), p, bad, "one", "other"); !errors.Is(err, ErrChanged) {
		t.Errorf("back from a template that the target does not have: %v, want ErrChanged", err)
	}
	if err := s.client.RollBack(t.Context(), p, bad, "one", "two"); err != nil {
		t.Fatal(err)
	}
	rs := s.get("ReplicaSet", "agent")
	image := at(rs, "spec", "template", "spec", "containers").([]any)[0].(map[string]any)["image"]
	if now, _ := s.client.Look(RefOf(p)); image != "x" || now.Target.Template != "one" || now.Target.RolledBack != "two" {
		t.Errorf("image %v, target %+v", image, now.Target)
	}
	if left := at(rs, "spec", "template", "metadata", "annotations", "only"); left != nil {
		t.Errorf("annotation %q is left of the template that failed", left)
	}
	for range 2 {
		if err := s.client.DropTemplate(t.Context(), p, bad, "one"); err != nil {
			t.Error(err)
		}
	}
}

func TestAnEventIsToldOnce(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	e := Event{Warning: true, Reason: "JenkinsHung", Message: strings.Repeat("it hangs ", 200)}
	for range 2 {
		if err := s.client.Tell(t.Context(), p, e, now); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.kube.Resource(events).Namespace(s.ns).List(t.Context(), metav1.ListOptions{FieldSelector: "involvedObject.kind=AgentPool"})
	if err != nil || len(list.Items) != 1 || text(list.Items[0].Object, "involvedObject", "uid") != p.UID || text(list.Items[0].Object, "type") != "Warning" {
		t.Errorf("%v, %d events: %+v", err, len(list.Items), list.Items)
	}
}

func TestASecretSaysWhatItLacks(t *testing.T) {
	s := newSite(t)
	s.target("ReplicaSet", 0, "")
	p := s.pool("ReplicaSet", "")
	p.Spec.Jenkins.CA.Name = "ca"
	b64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	set := func(name string, data map[string]any) {
		_ = s.in("Secret").Delete(t.Context(), name, metav1.DeleteOptions{})
		u := &unstructuredObject{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name}, "data": data}}
		if _, err := s.in("Secret").Create(t.Context(), u, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	lacks := func(what string) {
		t.Helper()
		if _, err := s.client.Account(t.Context(), p); !errors.Is(err, ErrSecret) || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want ErrSecret with %q", err, what)
		}
	}
	lacks("Secret " + s.ns + "/jenkins-api is not there")
	set("jenkins-api", map[string]any{"token": b64("t")})
	lacks("jenkins-api lacks the key username")
	set("jenkins-api", map[string]any{"username": b64("me")})
	lacks("jenkins-api lacks the key token")
	set("jenkins-api", map[string]any{"username": b64("me\n"), "token": b64("hunter2\r\n"), "password": b64("p")})
	lacks("Secret " + s.ns + "/ca is not there")
	set("ca", map[string]any{"tls.crt": b64("x")})
	lacks("ca lacks the key ca.crt")
	set("ca", map[string]any{"ca.crt": b64("PEM")})
	a, err := s.client.Account(t.Context(), p)
	if err != nil || a.User != "me" || a.Token != "hunter2" || a.Password != "" || string(a.CA) != "PEM" {
		t.Errorf("account %q %q, %v", a.User, a.Password, err)
	}
	for _, text := range []string{fmt.Sprint(a), fmt.Sprintf("%#v", a), fmt.Sprintf("%+v", &a), a.LogValue().String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("an account prints as %s", text)
		}
	}
}
