package overlays_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
)

// deployer is Majordomo at work for one environment, with no more rights than manifests/majordomo gives it.
type deployer struct {
	env       config.Environment
	client    *cluster.Client
	desired   plan.Desired
	inventory plan.Inventory
}

func newDeployer(t *testing.T, env config.Environment) *deployer {
	t.Helper()
	identity := own.cluster.ConfigFor(account, "system:serviceaccounts", "system:serviceaccounts:majordomo")
	as := env.ServiceAccount.Namespace + "/" + env.ServiceAccount.Name
	client, err := cluster.NewServer(identity, slog.New(slog.DiscardHandler)).Client(env.Name, &as)
	if err != nil {
		t.Fatal(err)
	}
	watches := client.Watching(func() {})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = watches.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	desired := plan.Desire(bounds(env), object.NewSet(render(t, env.Path)...))
	return &deployer{env: env, client: client, desired: desired, inventory: plan.Inventory{}}
}

// syncAll syncs until every object is applied, as the loop does: a controller may write to an object in the middle of an apply.
func (d *deployer) syncAll(t *testing.T) {
	t.Helper()
	var err error
	for range 5 {
		if _, err = d.sync(t); err == nil {
			return
		}
	}
	t.Errorf("%s: %v", d.env.Name, err)
}

// sync observes, plans and applies once, and returns what it wrote and what it could not write.
func (d *deployer) sync(t *testing.T) ([]plan.Result, error) {
	t.Helper()
	world, err := d.client.Observe(t.Context(), d.desired, d.inventory, cluster.Cheap)
	if err != nil {
		return nil, err
	}
	p := plan.Compute(plan.Input{Desired: d.desired, World: world, Inventory: d.inventory})
	var errs []error
	for _, s := range p.Only(plan.Refuse) {
		errs = append(errs, fmt.Errorf("%s: %s", s.ID, s.Reason))
	}
	results := d.client.Apply(t.Context(), p.Only(plan.Create, plan.Update))
	for _, r := range results {
		if r.Err != nil {
			errs = append(errs, r.Err)
			continue
		}
		d.inventory[r.Step.ID] = plan.Entry{ID: r.Step.ID, Version: r.Step.Version, UID: r.Live.UID(), Hash: r.Step.Payload.Hash}
	}
	return results, errors.Join(errs...)
}

// TestBothOverlaysRunSideBySide applies both overlays to one cluster, each as its own service account, and starts an agent of each kind.
func TestBothOverlaysRunSideBySide(t *testing.T) {
	admin := install(t)
	for _, env := range fleet(t) {
		t.Run(env.Name, func(t *testing.T) {
			d := newDeployer(t, env)
			d.syncAll(t)
			if got, want := len(d.inventory), len(d.desired.Objects); got != want {
				t.Errorf("%d of %d objects are applied", got, want)
			}
			for _, p := range d.desired.Objects {
				runs(t, admin, env, p.Object)
			}
			results, err := d.sync(t)
			for _, r := range results {
				t.Errorf("a further sync wrote %s: %s (%v)", r.Step.ID, r.Step.Reason, err)
			}
		})
	}
}

// runs waits until one object is what it is for.
func runs(t *testing.T, admin person, env config.Environment, o object.Object) {
	t.Helper()
	switch o.Kind() {
	case "StatefulSet":
		admin.await(t, o, "ready", func(live object.Object) bool { return count(live, "readyReplicas") == 1 })
	case "ReplicaSet", "ReplicationController":
		scale(t, env, o, 1)
		admin.await(t, o, "ready", func(live object.Object) bool { return count(live, "readyReplicas") == 1 })
	case "PersistentVolumeClaim":
		admin.await(t, o, "bound", func(live object.Object) bool { return phase(live) == "Bound" })
	case "Namespace":
		refusesPrivilege(t, admin, o.ID().Name)
	}
}

// refusesPrivilege has even an administrator's privileged pod refused by the namespace.
func refusesPrivilege(t *testing.T, admin person, namespace string) {
	t.Helper()
	err := admin.apply(t.Context(), object.Object{
		"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "privileged", "namespace": namespace},
		"spec": map[string]any{"containers": []any{map[string]any{
			"name": "c", "image": "example.com/c:1", "securityContext": map[string]any{"privileged": true},
			"resources": map[string]any{"requests": map[string]any{"cpu": "1m"}},
		}}},
	}, metav1.ApplyOptions{FieldManager: "kubectl", DryRun: []string{metav1.DryRunAll}})
	if err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
		t.Errorf("a privileged pod in %s: %v, want a refusal by PodSecurity restricted", namespace, err)
	}
}

// scale sets the number of agents as the fleet does: through the scale subresource, under its own field manager.
func scale(t *testing.T, env config.Environment, o object.Object, replicas int64) {
	t.Helper()
	where, err := newPerson(t, impersonating(env)).resource(o)
	if err != nil {
		t.Fatal(err)
	}
	id := o.ID()
	_, err = where.Apply(t.Context(), id.Name, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": map[string]any{"name": id.Name, "namespace": id.Namespace},
		"spec": map[string]any{"replicas": replicas},
	}}, metav1.ApplyOptions{FieldManager: object.FleetManager, Force: true}, "scale")
	if err != nil {
		t.Errorf("scale %s: %v", id, err)
	}
}

// impersonating is how Majordomo talks to the API server for an environment.
func impersonating(env config.Environment) *rest.Config {
	c := own.cluster.ConfigFor(account, "system:serviceaccounts", "system:serviceaccounts:majordomo")
	c.Impersonate = rest.ImpersonationConfig{UserName: env.ServiceAccount.User()}
	return c
}

func count(o object.Object, field string) int64 {
	v, _ := o.Get(object.Pointer{"status", field})
	n, _ := v.(int64)
	return n
}

func phase(o object.Object) string {
	v, _ := o.Get(object.Pointer{"status", "phase"})
	return fmt.Sprint(v)
}
