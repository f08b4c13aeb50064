package overlays_test

import (
	"context"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/object"
)

// attempt is something that must be forbidden.
type attempt struct {
	name string
	do   func(ctx context.Context, p person) error
}

func list(resource, namespace string) func(context.Context, person) error {
	return func(ctx context.Context, p person) error {
		_, err := p.api.Resource(schema.GroupVersionResource{Version: "v1", Resource: resource}).Namespace(namespace).List(ctx, metav1.ListOptions{})
		return err
	}
}

func apply(apiVersion, kind, namespace, name string) func(context.Context, person) error {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	o := object.Object{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	return func(ctx context.Context, p person) error {
		return p.apply(ctx, o, metav1.ApplyOptions{FieldManager: object.Manager, DryRun: []string{metav1.DryRunAll}})
	}
}

func erase(resource, name string) func(context.Context, person) error {
	return func(ctx context.Context, p person) error {
		return p.api.Resource(schema.GroupVersionResource{Version: "v1", Resource: resource}).Delete(ctx, name, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
	}
}

func forbidden(t *testing.T, who *rest.Config, attempts []attempt) {
	t.Helper()
	p := newPerson(t, who)
	for _, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			if err := a.do(t.Context(), p); !apierrors.IsForbidden(err) {
				t.Errorf("error %v, want forbidden", err)
			}
		})
	}
}

func TestADeployerStaysInItsEnvironment(t *testing.T) {
	install(t)
	forbidden(t, impersonating(fleet(t)[0]), []attempt{
		{"reads secrets of the system", list("secrets", "kube-system")},
		{"reads secrets of its environment", list("secrets", "jenkins-vagrant")},
		{"reads secrets of majordomo", list("secrets", "majordomo")},
		{"reads pods of another environment", list("pods", "jenkins-gke")},
		{"writes into another environment", apply("v1", "ConfigMap", "jenkins-gke", "x")},
		{"writes into the namespace of majordomo", apply("v1", "ConfigMap", "majordomo", "x")},
		{"writes into the default namespace", apply("v1", "ConfigMap", "default", "x")},
		{"writes a secret", apply("v1", "Secret", "jenkins-vagrant", "x")},
		{"gives itself rights", apply("rbac.authorization.k8s.io/v1", "RoleBinding", "jenkins-vagrant", "x")},
		{"gives itself rights everywhere", apply("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", "x")},
		{"makes another namespace", apply("v1", "Namespace", "", "x")},
		{"changes another environment's namespace", apply("v1", "Namespace", "", "jenkins-gke")},
		{"makes another volume", apply("v1", "PersistentVolume", "", "x")},
		{"makes a storage class", apply("storage.k8s.io/v1", "StorageClass", "", "jenkins-gke")},
		{"changes the books", apply("majordomo.dev/v1alpha1", "Environment", "", "vagrant")},
		{"deletes its namespace", erase("namespaces", "jenkins-vagrant")},
		{"deletes its volume", erase("persistentvolumes", "jenkins-home-vagrant")},
	})
}

func TestMajordomoItselfMayLittle(t *testing.T) {
	install(t)
	own := own.cluster.ConfigFor(account, "system:serviceaccounts", "system:serviceaccounts:majordomo")
	forbidden(t, own, []attempt{
		{"reads secrets of the system", list("secrets", "kube-system")},
		{"reads its own secrets by the API", list("secrets", "majordomo")},
		{"reads pods of an environment", list("pods", "jenkins-gke")},
		{"writes into an environment", apply("v1", "ConfigMap", "jenkins-gke", "x")},
		{"writes into its own namespace", apply("v1", "ConfigMap", "majordomo", "x")},
		{"gives itself rights", apply("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", "x")},
	})
	for _, other := range []rest.ImpersonationConfig{
		{UserName: "system:serviceaccount:jenkins-gke:default"},
		{UserName: "system:serviceaccount:kube-system:namespace-controller"},
		{UserName: "admin"},
		{UserName: "system:serviceaccount:jenkins-gke:deployer", Groups: []string{"system:masters"}},
	} {
		c := rest.CopyConfig(own)
		c.Impersonate = other
		forbidden(t, c, []attempt{{"impersonates " + other.UserName, list("configmaps", "jenkins-gke")}})
	}
}

func TestMajordomoKeepsItsBooks(t *testing.T) {
	install(t)
	p := newPerson(t, own.cluster.ConfigFor(account, "system:serviceaccounts", "system:serviceaccounts:majordomo"))
	for _, o := range []object.Object{
		{"apiVersion": "majordomo.dev/v1alpha1", "kind": "Environment", "metadata": map[string]any{"name": "books"}, "spec": map[string]any{"path": "overlays/gke"}},
		{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": map[string]any{"name": "majordomo", "namespace": "majordomo"}},
	} {
		if err := p.apply(t.Context(), o, metav1.ApplyOptions{FieldManager: object.Manager, DryRun: []string{metav1.DryRunAll}}); err != nil {
			t.Errorf("%s: %v", o.ID(), err)
		}
	}
}
