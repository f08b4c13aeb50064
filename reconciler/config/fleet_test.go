package config

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/yaml"
)

func TestFleetLoads(t *testing.T) {
	got, err := ParseFleet("fleet.yaml", []byte(`apiVersion: majordomo.dev/v1alpha1
kind: Fleet
environments:
- name: vagrant
  path: overlays/vagrant/
  context: vagrant
- name: gke
  path: overlays/gke
  namespaces: [jenkins]
  clusterKinds: [ClusterRole]
  serviceAccount: jenkins/deployer
  prune: {maxObjects: 0, maxPercent: 50}
`))
	want := Fleet{Environments: []Environment{
		{Name: "vagrant", Path: "overlays/vagrant", Context: "vagrant", Prune: Prune{MaxObjects: 5, MaxPercent: 20}},
		{
			Name: "gke", Path: "overlays/gke", Namespaces: []string{"jenkins"}, ClusterKinds: []string{"ClusterRole"},
			ServiceAccount: ServiceAccount{Namespace: "jenkins", Name: "deployer"}, Prune: Prune{MaxObjects: 0, MaxPercent: 50},
		},
	}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

const fleetHead = "apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\n"

func TestRefuse(t *testing.T) {
	env := func(fields string) string {
		return fleetHead + "environments:\n- {name: a, path: overlays/a" + fields + "}\n"
	}
	many := fleetHead + "environments:\n"
	for i := range MaxEnvironments + 1 {
		many += fmt.Sprintf("- {name: e%d, path: x}\n", i)
	}
	cases := []struct{ name, text, want string }{
		{"wrong kind", "apiVersion: majordomo.dev/v1alpha1\nkind: Fleets\nenvironments: [{name: a, path: b}]\n", `fleet.yaml:2: .kind: is "Fleets"; allowed is Fleet`},
		{"wrong apiVersion", "apiVersion: v1\nkind: Fleet\nenvironments: [{name: a, path: b}]\n", `fleet.yaml:1: .apiVersion: is "v1"; allowed is majordomo.dev/v1alpha1`},
		{"no environments", fleetHead, ".environments: has 0 entries; allowed are 1 to 200"},
		{"201 environments", many, ".environments: has 201 entries; allowed are 1 to 200"},
		{"unknown field", env(", namespace: x"), `fleet.yaml:4: .environments[0].namespace: unknown field; did you mean "namespaces"?`},
		{"unknown field at the top", fleetHead + "environment: []\n", `fleet.yaml:3: .environment: unknown field; did you mean "environments"?`},
		{"inheritance, which there is not", env(", extends: b"), ".environments[0].extends: unknown field; allowed: "},
		{"dependencies, which there are not", env(", dependsOn: [b]"), ".environments[0].dependsOn: unknown field"},
		{"duplicate name", fleetHead + "environments:\n- {name: a, path: x}\n- {name: a, path: y}\n", `fleet.yaml:5: .environments[1].name: "a" is also the name of environments[0]; names are unique`},
		{"duplicate key", fleetHead + "kind: Fleet\n", "fleet.yaml:3: .kind: is there twice"},
		{"missing name", fleetHead + "environments:\n- {path: x}\n", "fleet.yaml:4: .environments[0].name: is missing"},
		{"name with a slash", fleetHead + "environments:\n- {name: a/b, path: x}\n", `.environments[0].name: "a/b" is no DNS label; allowed are up to 63`},
		{"name in upper case", fleetHead + "environments:\n- {name: Prod, path: x}\n", `"Prod" is no DNS label`},
		{"name in unicode", fleetHead + "environments:\n- {name: pröd, path: x}\n", `"pröd" is no DNS label`},
		{"name of 64 characters", fleetHead + "environments:\n- {name: " + strings.Repeat("a", 64) + ", path: x}\n", "is no DNS label; allowed are up to 63"},
		{"reserved name", fleetHead + "environments:\n- {name: all, path: x}\n", `"all" means something else on the command line`},
		{"name that is a number", fleetHead + "environments:\n- {name: 5, path: x}\n", ".environments[0].name: is a number; allowed is text; put it in quotes"},
		{"missing path", fleetHead + "environments:\n- {name: a}\n", ".environments[0].path: is missing"},
		{"absolute path", fleetHead + "environments:\n- {name: a, path: /etc}\n", `.environments[0].path: "/etc" is absolute`},
		{"path out of the repository", fleetHead + "environments:\n- {name: a, path: a/../../b}\n", `"a/../../b" leaves the repository`},
		{"remote path", fleetHead + "environments:\n- {name: a, path: \"https://example.com/x\"}\n", `is remote; allowed are folders of this repository`},
		{"path with a backslash", fleetHead + "environments:\n- {name: a, path: 'overlays\\a'}\n", "has a backslash"},
		{"empty context", env(", context: ''"), ".environments[0].context: is empty"},
		{"empty namespaces", env(", namespaces: []"), ".environments[0].namespaces: is empty; name at least one"},
		{"namespace that is none", env(", namespaces: [jenkins, 'a*']"), `.environments[0].namespaces[1]: "a*" is no DNS label`},
		{"namespace twice", env(", namespaces: [a, a]"), `.environments[0].namespaces[1]: "a" is there twice`},
		{"cluster kind that is none", env(", clusterKinds: [clusterroles]"), `.environments[0].clusterKinds[0]: "clusterroles" is no kind`},
		{"all cluster kinds", env(", clusterKinds: ['*']"), `"*" is no kind`},
		{"empty service account", env(", serviceAccount: ''"), `.environments[0].serviceAccount: is ""; allowed is NAMESPACE/NAME`},
		{"service account without namespace", env(", serviceAccount: deployer"), `is "deployer"; allowed is NAMESPACE/NAME`},
		{"service account that forges a user", env(", serviceAccount: 'kube-system/x:y'"), "allowed is NAMESPACE/NAME"},
		{"negative prune", env(", prune: {maxObjects: -1}"), ".environments[0].prune.maxObjects: is -1; allowed is 0"},
		{"percent over 100", env(", prune: {maxPercent: 101}"), ".environments[0].prune.maxPercent: is 101; allowed is 0 to 100"},
		{"prune as a text", env(", prune: {maxPercent: '20'}"), ".prune.maxPercent: is text; allowed is a whole number"},
		{"two documents", env("") + "---\nkind: Fleet\n", "a second document"},
		{"empty file", "", "fleet.yaml: is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseFleet("fleet.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ParseFleet = %+v, error %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestEveryProblemIsReported(t *testing.T) {
	_, err := ParseFleet("fleet.yaml", []byte("apiVersion: v1\nkind: X\nenvironments:\n- {name: A, path: /x, serviceAccount: ''}\n"))
	if n := len(yaml.Errors(err)); n != 5 {
		t.Errorf("%d problems, want 5: %v", n, err)
	}
}

func TestEnvironmentByName(t *testing.T) {
	fleet := Fleet{Environments: []Environment{{Name: "vagrant", Path: "x"}, {Name: "gke", Path: "x"}}}
	if e, err := fleet.Environment("gke"); err != nil || e.Name != "gke" {
		t.Errorf("Environment(gke) = %+v, %v", e, err)
	}
	if _, err := fleet.Environment("vagrnat"); err == nil || err.Error() != `no environment "vagrnat" in the fleet; did you mean "vagrant"?` {
		t.Errorf("Environment(vagrnat) = %v", err)
	}
}

func TestServiceAccountUser(t *testing.T) {
	if got := (ServiceAccount{Namespace: "jenkins", Name: "deployer"}).User(); got != "system:serviceaccount:jenkins:deployer" {
		t.Errorf("User = %q", got)
	}
	if got := (ServiceAccount{}).User(); got != "" {
		t.Errorf("User of no account = %q, want none", got)
	}
}

// FuzzFleet reads any text: what is taken holds every promise of a Fleet.
func FuzzFleet(f *testing.F) {
	f.Add([]byte(fleetHead + "environments:\n- {name: a, path: overlays/a, serviceAccount: a/b, prune: {maxObjects: 1}}\n"))
	f.Add([]byte(fleetHead + "environments: [{name: a, path: ., namespaces: [x], clusterKinds: [ClusterRole]}]\n"))
	f.Add([]byte("x: &x [*x]"))
	f.Add([]byte(fleetHead + "environments: &e [{name: a, path: x}]\nkind: Fleet"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fleet, err := ParseFleet("fleet.yaml", data)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range fleet.Environments {
			bad := e.Name == "" || strings.Contains(e.Name, "/") || seen[e.Name] || path.IsAbs(e.Path) || path.Clean(e.Path) != e.Path ||
				strings.HasPrefix(e.Path, "..") && (e.Path == ".." || e.Path[2] == '/') || e.Prune.MaxObjects < 0
			if bad {
				t.Errorf("taken: %+v", e)
			}
			seen[e.Name] = true
		}
	})
}
