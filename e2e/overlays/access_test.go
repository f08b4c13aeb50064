package overlays_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	majordomo "majordomo.dev/reconciler/render"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestRightsAreTheReviewedOnes compares all rights that an installation gives with a list that a person can read. A further right is a further line.
func TestRightsAreTheReviewedOnes(t *testing.T) {
	const golden = "testdata/rights.txt"
	var b strings.Builder
	objects := render(t, "manifests/majordomo")
	slices.SortFunc(objects, func(a, b object.Object) int { return a.ID().Compare(b.ID()) })
	for _, o := range objects {
		switch o.Kind() {
		case "Role":
			rights(&b, o, as[rbacv1.Role](t, o).Rules)
		case "ClusterRole":
			rights(&b, o, as[rbacv1.ClusterRole](t, o).Rules)
		case "RoleBinding":
			r := as[rbacv1.RoleBinding](t, o)
			bound(&b, o, r.RoleRef, r.Subjects)
		case "ClusterRoleBinding":
			r := as[rbacv1.ClusterRoleBinding](t, o)
			bound(&b, o, r.RoleRef, r.Subjects)
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("rights (-reviewed +given):\n%s", diff)
	}
}

func rights(b *strings.Builder, o object.Object, rules []rbacv1.PolicyRule) {
	fmt.Fprintln(b, o.ID())
	for _, r := range rules {
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				fmt.Fprintf(b, "    %s", resource)
				if group != "" {
					fmt.Fprintf(b, ".%s", group)
				}
				if len(r.ResourceNames) > 0 {
					fmt.Fprintf(b, " [%s]", strings.Join(r.ResourceNames, " "))
				}
				fmt.Fprintf(b, ": %s\n", strings.Join(r.Verbs, " "))
			}
		}
	}
}

func bound(b *strings.Builder, o object.Object, role rbacv1.RoleRef, subjects []rbacv1.Subject) {
	fmt.Fprintf(b, "%s\n    %s %s\n", o.ID(), role.Kind, role.Name)
	for _, s := range subjects {
		fmt.Fprintf(b, "    to %s %s/%s\n", s.Kind, s.Namespace, s.Name)
	}
}

// TestMajordomoRefusesNothingOfItsOwnOverlays renders and plans the overlays as Majordomo does, inside the bounds that fleet.yaml sets.
func TestMajordomoRefusesNothingOfItsOwnOverlays(t *testing.T) {
	tree, err := majordomo.Dir(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	renderer := majordomo.New(majordomo.Limits{})
	for _, env := range fleet(t) {
		if len(env.Namespaces) == 0 {
			t.Errorf("%s: fleet.yaml sets no bounds", env.Name)
		}
		result, err := renderer.Render(t.Context(), tree, env.Path)
		if err != nil {
			t.Errorf("%s: %v", env.Name, err)
			continue
		}
		for _, w := range result.Warnings {
			t.Errorf("%s: %s", env.Name, w)
		}
		if diff := cmp.Diff(object.NewSet(render(t, env.Path)...), result.Objects); diff != "" {
			t.Errorf("%s: -kustomize +majordomo:\n%s", env.Name, diff)
		}
		desired := plan.Desire(bounds(env), result.Objects)
		for _, s := range desired.Refused {
			t.Errorf("%s: %s: %s", env.Name, s.ID, s.Reason)
		}
		if len(desired.Objects) != len(result.Objects) {
			t.Errorf("%s: %d of %d objects are wanted", env.Name, len(desired.Objects), len(result.Objects))
		}
	}
}

// bounds is where an environment's objects may be, as a plan wants to know it.
func bounds(env config.Environment) plan.Environment {
	return plan.Environment{Name: env.Name, Namespaces: env.Namespaces, ClusterKinds: env.ClusterKinds}
}

func TestNamespacesEnforceRestricted(t *testing.T) {
	found := 0
	for _, dir := range folders(t, "manifests", "overlays") {
		for _, o := range find(render(t, dir), "Namespace") {
			found++
			labels, _ := o.Metadata()["labels"].(map[string]any)
			if got := labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
				t.Errorf("%s: %s enforces %v", dir, o.ID(), got)
			}
		}
	}
	if found == 0 {
		t.Error("no namespaces")
	}
}
