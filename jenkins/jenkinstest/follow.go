package jenkinstest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// poolLabel is on the pods that are agents.
const poolLabel = "majordomo.dev/pool"

// FollowOptions say how pods become agents.
type FollowOptions struct {
	// Namespaces whose pods become agents; all if there are none.
	Namespaces []string
	// Delay is how long an agent takes from the moment its pod is ready until its node is there.
	Delay time.Duration
	// Log is told what cannot be followed; nil for nothing.
	Log func(error)
}

// Follow makes agents of the pods with the label majordomo.dev/pool until the context ends. Once such a pod is ready, its swarm node
// registers, with the name, labels, mode and executors that the arguments and variables of its container tell. When the pod gets a
// deletion timestamp, ends or vanishes, its connection breaks at once: a freestyle build on it is lost, a pipeline after Options.Resume. The annotation Register
// makes agents misbehave.
func (j *Jenkins) Follow(ctx context.Context, cfg *rest.Config, o FollowOptions) error {
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("follow pods: %w", err)
	}
	if len(o.Namespaces) == 0 {
		o.Namespaces = []string{metav1.NamespaceAll}
	}
	if o.Log == nil {
		o.Log = func(error) {}
	}
	f := &follower{j: j, o: o, known: map[string]*followed{}}
	var wait sync.WaitGroup
	for _, ns := range o.Namespaces {
		factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, ns, func(l *metav1.ListOptions) { l.LabelSelector = poolLabel })
		informer := factory.ForResource(corev1.SchemeGroupVersion.WithResource("pods")).Informer()
		if _, err := informer.AddEventHandler(f.handler()); err != nil {
			return fmt.Errorf("follow pods: %w", err)
		}
		wait.Go(func() { informer.RunWithContext(ctx) })
	}
	wait.Wait()
	return nil
}

// FollowFor follows until the test ends.
func (j *Jenkins) FollowFor(t testing.TB, cfg *rest.Config, o FollowOptions) {
	t.Helper()
	if o.Log == nil {
		o.Log = func(err error) { t.Errorf("jenkinstest: %v", err) }
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- j.Follow(ctx, cfg, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// follower knows the pods that are agents, by UID. Its handlers run one after another for each namespace.
type follower struct {
	j *Jenkins
	o FollowOptions

	mu    sync.Mutex
	known map[string]*followed
}

// followed is a pod that was ready.
type followed struct {
	name     string // namespace/name
	agent    *agent // nil until it was to register
	restarts int32
}

func (f *follower) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { f.see(o) },
		UpdateFunc: func(old, o any) {
			if a, b := uid(old), uid(o); a != b { // another pod of the same name; its end was missed
				f.gone(a, "its pod is gone")
			}
			f.see(o)
		},
		DeleteFunc: func(o any) {
			if last, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = last.Obj
			}
			f.gone(uid(o), "its pod was deleted")
		},
	}
}

func uid(o any) string {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return ""
	}
	return string(u.GetUID())
}

// see looks at a pod as it is now.
func (f *follower) see(o any) {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return
	}
	p := new(corev1.Pod)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, p); err != nil {
		f.o.Log(fmt.Errorf("pod %s/%s: %w", u.GetNamespace(), u.GetName(), err))
		return
	}
	switch p.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed:
		f.gone(string(p.UID), "its pod has ended: "+strings.TrimSpace(string(p.Status.Phase)+" "+p.Status.Reason))
		return
	}
	if p.DeletionTimestamp != nil {
		f.gone(string(p.UID), "its pod is being deleted")
		return
	}
	f.alive(p)
}

// alive lets the agent of a pod register, once, and again when its container has restarted.
func (f *follower) alive(p *corev1.Pod) {
	ok, restarts := ready(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.known[string(p.UID)]
	if k != nil && k.restarts != restarts {
		f.end(k, "its container restarted")
		k = nil
	}
	if !ok || k != nil {
		return
	}
	k = &followed{name: p.Namespace + "/" + p.Name, restarts: restarts}
	f.known[string(p.UID)] = k
	of, err := readPod(p)
	if err != nil {
		f.o.Log(err)
		return
	}
	if of.never {
		return
	}
	k.agent = f.j.employ(of, f.o.Delay)
}

func (f *follower) gone(uid, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.known[uid]; k != nil {
		f.end(k, why)
		delete(f.known, uid)
	}
}

func (f *follower) end(k *followed, why string) {
	if k.agent != nil {
		f.j.do(func(w *world) { w.endAgent(k.agent, why) })
		k.agent = nil
	}
}

// employ lets the agent of a pod register after a while.
func (j *Jenkins) employ(of *podAgent, delay time.Duration) *agent {
	ref := of.ref
	a := &agent{spec: of.spec, pod: &ref, alive: true, respawn: true, modest: of.modest}
	if of.delay > 0 {
		delay = of.delay
	}
	j.do(func(w *world) {
		a.joined = func(n *node) { w.troubles(a, n, of.trouble) }
		w.after(delay, func() {
			if !a.alive {
				return
			}
			w.agents = append(w.agents, a)
			if w.phase == up {
				w.join(a)
			}
		})
	})
	return a
}

// troubles lets an agent that has connected misbehave.
func (w *world) troubles(a *agent, n *node, all []trouble) {
	for _, t := range all {
		w.after(t.in, func() {
			if n.agent != a {
				return
			}
			switch t.kind {
			case "disconnect":
				w.endAgent(a, "its connection broke for good")
			case "monitor":
				w.monitor(n)
			case "freeze":
				w.freeze(n)
			}
		})
	}
}
