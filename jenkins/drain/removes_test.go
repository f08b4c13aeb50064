package drain_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/roster"
)

func TestWhomTheControllerMayRemove(t *testing.T) {
	t.Parallel()
	ready := func(name string, cost int) roster.Pod {
		return roster.Pod{Name: name, Node: "worker", Phase: "Running", Ready: true, Cost: cost, Owner: "rs", Ordinal: int(name[0] - 'a')}
	}
	unready := ready("u", 0)
	unready.Ready = false
	nowhere := roster.Pod{Name: "n", Phase: "Pending", Owner: "rs"}
	going, failed, other := ready("g", 0), ready("f", 0), ready("o", 0)
	going.Deleting, failed.Phase, other.Owner = true, "Failed", "rs2"
	three := []roster.Pod{ready("a", 0), ready("b", 0), ready("c", 0)}
	for _, c := range []struct {
		rule     string
		target   drain.Target
		pods     []roster.Pod
		replicas int
		want     []string
	}{
		{"nobody, at as many as there are", drain.Target{}, three, 3, nil},
		{"anybody, if nothing tells them apart", drain.Target{}, three, 2, []string{"a", "b", "c"}},
		{"all, at none", drain.Target{}, three, 0, []string{"a", "b", "c"}},
		{"the one with the lowest deletion cost", drain.Target{}, append([]roster.Pod{ready("d", -5)}, three...), 3, []string{"d"}},
		{"those, and then anybody", drain.Target{}, append([]roster.Pod{ready("d", -5)}, three...), 2, []string{"d", "a", "b", "c"}},
		{"one that is not ready, or if it gets ready whom the cost names", drain.Target{}, append([]roster.Pod{ready("d", -5), unready}, three...), 4, []string{"u", "d"}},
		{"one without a node before one that is not ready", drain.Target{}, []roster.Pod{unready, nowhere, ready("d", -5)}, 2, []string{"n", "d"}},
		{"those that go or have ended do not count", drain.Target{}, append([]roster.Pod{going, failed}, three...), 3, nil},
		{"one more, if the controller counts one more", drain.Target{Seen: 4}, append([]roster.Pod{ready("d", -5)}, three[:2]...), 3, []string{"d"}},
		{"anybody, if two ReplicaSets share them", drain.Target{Replicas: 4}, append([]roster.Pod{other}, three...), 3, []string{"o", "a", "b", "c"}},
		{"the highest ordinals of a StatefulSet", drain.Target{Kind: "StatefulSet", Seen: 9}, three, 1, []string{"b", "c"}},
		{"counted from its first", drain.Target{Kind: "StatefulSet", Start: 1}, three, 1, []string{"c"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			before := slices.Clone(c.pods)
			got := drain.Removes(c.target, c.pods, c.replicas)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Removes at %d replicas differs (-want +got):\n%s", c.replicas, diff)
			}
			if diff := cmp.Diff(before, c.pods); diff != "" {
				t.Errorf("the pods have changed (-before +after):\n%s", diff)
			}
		})
	}
}

func TestWhomTheControllerRemovesIsAlwaysAmongThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: noon}
		var pods []roster.Pod
		for i := range rapid.IntRange(1, 8).Draw(t, "pods") {
			p := roster.Pod{
				Name: fmt.Sprint(i), UID: fmt.Sprint(rapid.IntRange(0, 1000).Draw(t, "uid")), Owner: "rs", Phase: rapid.SampledFrom([]string{"Pending", "Unknown", "Running"}).Draw(t, "phase"),
				Node: rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "node"), Ready: rapid.Bool().Draw(t, "ready"), Cost: rapid.IntRange(-1, 1).Draw(t, "cost"),
				Restarts: rapid.IntRange(0, 1).Draw(t, "restarts"), Created: noon.Add(-time.Duration(rapid.IntRange(0, 3).Draw(t, "created")) * time.Minute),
			}
			p.ReadySince = p.Created
			pods = append(pods, p)
		}
		n := rapid.IntRange(0, len(pods)).Draw(t, "removed")
		may := drain.Removes(drain.Target{Kind: "ReplicaSet"}, pods, len(pods)-n)
		ranked := slices.SortedStableFunc(slices.Values(pods), w.firstToGo)
		for _, p := range ranked[:n] {
			if !slices.Contains(may, p.Name) {
				t.Fatalf("the controller removes %+v, and Removes says %v", p, may)
			}
		}
	})
}
