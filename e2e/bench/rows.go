package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/e2e/testcluster"
)

// applied is the number of the program's writes to environments' objects among requests, and when the last was answered.
func applied(requests []testcluster.Request) (n int, last time.Time) {
	for _, r := range requests {
		if r.UserAgent != "majordomo" || r.Verb != "patch" || !strings.HasPrefix(r.Namespace, "bench-") {
			continue
		}
		n++
		if r.Answered.After(last) {
			last = r.Answered
		}
	}
	return n, last
}

// awaitWrites waits until the program has written n objects since the mark and is quiet again, and returns when the last was answered.
func (b *bench) awaitWrites(ctx context.Context, since testcluster.Mark, n int) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		got, last := applied(b.cluster.Requests(since))
		if got >= n {
			return last, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return last, fmt.Errorf("%d of %d objects written after 2 minutes; the program says: %s", got, n, b.tail())
		}
	}
}

func (b *bench) total() int { return b.size.environments * objects }

func (b *bench) firstSync(ctx context.Context) error {
	note("first sync of %d environments with %d objects", b.size.environments, b.total())
	started := time.Now()
	last, err := b.awaitWrites(ctx, 0, b.total())
	if err != nil {
		return err
	}
	note("first sync took %s", last.Sub(started).Round(time.Millisecond))
	for i := range b.size.environments {
		if err := b.namespace(ctx, strings.Replace(environment(i), "bench", "limit", 1)); err != nil {
			return err
		}
	}
	_, err = b.limit(ctx, -1)
	return err
}

// changeAll measures a commit that changes every object, in turn with the limit.
func (b *bench) changeAll(ctx context.Context, t *table) error {
	var ours, limits, ratios []time.Duration
	requests := 0
	for round := range b.size.rounds {
		floor, err := b.limit(ctx, round)
		if err != nil {
			return err
		}
		if err := b.fleet.everything(fmt.Sprint(round + 1)); err != nil {
			return err
		}
		took, made, err := b.commit(ctx, "all", b.total())
		if err != nil {
			return err
		}
		requests += count(made)
		note("round %d: every object changed in %s, limit %s", round+1, took.Round(time.Millisecond), floor.Round(time.Millisecond))
		ours, limits = append(ours, took), append(limits, floor)
		ratios = append(ratios, took*1000/floor)
	}
	t.add("commit that changes every object -> all applied", fmt.Sprintf("%.2f x limit", float64(median(ratios))/1000), "<= 1.5 x limit",
		fmt.Sprintf("%s, limit %s (medians of %d); %.2f requests an object", ms(median(ours)), ms(median(limits)), b.size.rounds,
			float64(requests)/float64(b.size.rounds*b.total())), float64(median(ratios)) <= 1500)
	return nil
}

// commit commits, wakes the program and returns how long it took until n objects were written, and all its requests.
func (b *bench) commit(ctx context.Context, message string, n int) (time.Duration, []testcluster.Request, error) {
	mark := b.cluster.Mark()
	hash, err := b.fleet.commit(ctx, message)
	if err != nil {
		return 0, nil, err
	}
	started := time.Now()
	if err := b.wake(ctx, hash); err != nil {
		return 0, nil, err
	}
	last, err := b.awaitWrites(ctx, mark, n)
	if err != nil {
		return 0, nil, err
	}
	if err := b.quiet(ctx); err != nil {
		return 0, nil, err
	}
	return last.Sub(started), b.cluster.Requests(mark), nil
}

// quiet waits until the program has made no request for a second.
func (b *bench) quiet(ctx context.Context) error {
	for {
		mark := b.cluster.Mark()
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
		if count(b.cluster.Requests(mark)) == 0 {
			return nil
		}
	}
}

// count returns how many requests the program made.
func count(requests []testcluster.Request) int {
	n := 0
	for _, r := range requests {
		if r.UserAgent == "majordomo" {
			n++
		}
	}
	return n
}

func (b *bench) changeOne(ctx context.Context, t *table) error {
	var took []time.Duration
	requests, others := 0, 0
	for round := range b.size.rounds {
		one := environment(round * 7 % b.size.environments)
		if err := b.fleet.write("overlays/"+one+"/kustomization.yaml", overlay(one, fmt.Sprint("one-", round))); err != nil {
			return err
		}
		d, made, err := b.commit(ctx, "one", 1)
		if err != nil {
			return err
		}
		took = append(took, d)
		requests += count(made)
		for _, r := range made {
			if r.UserAgent == "majordomo" && r.Namespace != one && r.Name != one && !strings.HasPrefix(r.Name, one+".") {
				others++
			}
		}
	}
	t.add(fmt.Sprintf("commit that changes one environment of %d -> applied", b.size.environments), ms(median(took)), "<= 500 ms",
		fmt.Sprintf("%.1f requests a commit", float64(requests)/float64(b.size.rounds)), median(took) <= 500*time.Millisecond)
	t.add("  requests for the other environments", strconv.Itoa(others), "0", "", others == 0)
	return nil
}

func (b *bench) unchanged(ctx context.Context, t *table) error {
	const polls = 10
	mark := b.cluster.Mark()
	select {
	case <-time.After(polls * b.polled):
	case <-ctx.Done():
		return ctx.Err()
	}
	n := count(b.cluster.Requests(mark))
	t.add("unchanged commit, undisturbed cluster", fmt.Sprintf("%d requests", n), "0 requests", fmt.Sprintf("over %d polls", polls), n == 0)
	return nil
}

var services = schema.GroupVersionResource{Version: "v1", Resource: "services"}

// drift edits and deletes objects by hand, one after the other, and measures by a watch when they are as before.
func (b *bench) drift(ctx context.Context, t *table) error {
	note("%d objects edited or deleted by hand", b.size.repairs)
	client, err := dynamic.NewForConfig(b.cluster.Config())
	if err != nil {
		return err
	}
	var took []time.Duration
	for i := range b.size.repairs {
		// Each object is disturbed only a few times, far apart: more often, and it would count as a fight.
		namespace, name := environment(i%b.size.environments), fmt.Sprintf("service-%d", i/b.size.environments%4)
		d, err := disturb(ctx, client.Resource(services).Namespace(namespace), name, i%2 == 0)
		if err != nil {
			return fmt.Errorf("%w; the program says: %s", err, b.tail())
		}
		took = append(took, d)
	}
	slices.Sort(took)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	t.add("deleted or edited object -> restored, p50", ms(p50), "<= 50 ms", fmt.Sprintf("%d repairs", len(took)), p50 <= 50*time.Millisecond)
	t.add("deleted or edited object -> restored, p99", ms(p99), "<= 250 ms", "", p99 <= 250*time.Millisecond)
	return nil
}

func disturb(ctx context.Context, api dynamic.ResourceInterface, name string, remove bool) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	w, err := api.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		return 0, err
	}
	defer w.Stop()
	if remove {
		err = api.Delete(ctx, name, metav1.DeleteOptions{})
	} else {
		_, err = api.Patch(ctx, name, "application/merge-patch+json", []byte(`{"spec":{"selector":{"app":"edited"}}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	}
	if err != nil {
		return 0, err
	}
	started, disturbed := time.Now(), false
	for e := range w.ResultChan() {
		u, ok := e.Object.(*unstructured.Unstructured)
		if !ok {
			return 0, fmt.Errorf("watch of %s: %v", name, e.Object)
		}
		app, _, _ := unstructured.NestedString(u.Object, "spec", "selector", "app")
		if e.Type == "DELETED" || app == "edited" {
			disturbed = true
		} else if disturbed && app == "jenkins" {
			return time.Since(started), nil
		}
	}
	return 0, fmt.Errorf("service %s was not restored within 30 s", name)
}

func (b *bench) memory(ctx context.Context, t *table) error {
	note("letting it rest")
	select {
	case <-time.After(15 * time.Second):
	case <-ctx.Done():
		return ctx.Err()
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.program.Process.Pid))
	if err != nil {
		return err
	}
	resident, peak := field(string(text), "VmRSS:"), field(string(text), "VmHWM:")
	t.add(fmt.Sprintf("resident memory, %d objects in %d environments", b.total(), b.size.environments), fmt.Sprintf("%d MB", resident/1024), "<= 120 MB",
		fmt.Sprintf("at rest; %d MB of it its own, the others the program file; peak %d MB", field(string(text), "RssAnon:")/1024, peak/1024), resident/1024 <= 120)
	return nil
}

func field(text, name string) int {
	_, rest, _ := strings.Cut(text, name)
	n, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return n
}

func (b *bench) namespace(ctx context.Context, name string) error {
	client, err := dynamic.NewForConfig(b.cluster.Config())
	if err != nil {
		return err
	}
	ns := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
	_, err = client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Create(ctx, ns, metav1.CreateOptions{})
	return err
}
