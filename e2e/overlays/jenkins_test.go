package overlays_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"majordomo.dev/reconciler/object"
)

// configuration is the part of the JCasC file that the rest of the repository relies on.
const configuration = "manifests/master/jcasc/jenkins.yaml"

var variable = regexp.MustCompile(`\$\{([^}:]+)`)

// TestJCasCFindsItsVariables matters because JCasC takes an unknown variable for an empty text, and makes an account with an empty password.
func TestJCasCFindsItsVariables(t *testing.T) {
	p := pods(t, render(t, "manifests/master"))[0]
	known := map[string]bool{}
	for _, v := range p.template.Spec.Containers[0].Env {
		known[v.Name] = true
	}
	for _, v := range p.template.Spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.Secret.Optional != nil {
				t.Errorf("Secret %s is optional", source.Secret.Name)
			}
			for _, item := range source.Secret.Items {
				known[item.Path] = true
			}
		}
	}
	found := variable.FindAllStringSubmatch(string(read(t, configuration)), -1)
	if len(found) == 0 {
		t.Fatal("no variables")
	}
	for _, m := range found {
		if !known[m[1]] {
			t.Errorf("${%s} is neither a file in a Secret nor in the environment: %v", m[1], slices.Sorted(maps.Keys(known)))
		}
	}
}

func TestTheMasterRunsNoBuildItself(t *testing.T) {
	jenkins, _ := documents(t, configuration)[0]["jenkins"].(map[string]any)
	if jenkins["numExecutors"] != 0 || jenkins["slaveAgentPort"] != 50000 {
		t.Errorf("numExecutors %v, slaveAgentPort %v", jenkins["numExecutors"], jenkins["slaveAgentPort"])
	}
}

func TestSecretsAreNotInGit(t *testing.T) {
	literal := regexp.MustCompile(`(?i)\b(password|token)\s*[:=]\s*["']?[^\s"'$]`)
	for _, path := range files(t, "manifests", "overlays") {
		if strings.HasPrefix(path, "manifests/crds/") || strings.HasSuffix(path, ".md") {
			continue
		}
		for line := range strings.Lines(string(read(t, path))) {
			if literal.MatchString(line) && !strings.Contains(line, "path: ") && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				t.Errorf("%s: %s", path, line)
			}
		}
	}
	for _, dir := range folders(t, "manifests", "overlays") {
		for _, o := range find(render(t, dir), "Secret") {
			t.Errorf("%s: %s", dir, o.ID())
		}
	}
}

func TestJenkinsHomeIsNeverPruned(t *testing.T) {
	for _, env := range fleet(t) {
		claims := find(render(t, env.Path), "PersistentVolumeClaim")
		if len(claims) != 1 {
			t.Fatalf("%s has %d claims", env.Name, len(claims))
		}
		if got := claims[0].Annotation(object.Prune); got != "disabled" {
			t.Errorf("%s: annotation %s is %q", env.Name, object.Prune, got)
		}
	}
}

func TestServicesFindTheirPods(t *testing.T) {
	for _, env := range fleet(t) {
		objects := render(t, env.Path)
		master := pods(t, find(objects, "StatefulSet"))[0].template
		ports := map[string]int32{}
		for _, p := range master.Spec.Containers[0].Ports {
			ports[p.Name] = p.ContainerPort
		}
		got := map[string]int32{}
		for _, o := range find(objects, "Service") {
			s := as[corev1.Service](t, o).Spec
			for k, v := range s.Selector {
				if master.Labels[k] != v {
					t.Errorf("%s: %s selects %s=%s, pods have %v", env.Name, o.ID(), k, v, master.Labels)
				}
			}
			for _, p := range s.Ports {
				got[o.ID().Name] = p.Port
				if ports[p.TargetPort.String()] == 0 {
					t.Errorf("%s: %s targets port %s", env.Name, o.ID(), p.TargetPort.String())
				}
			}
		}
		if want := map[string]int32{"jenkins": 80, "jenkins-agents": 50000}; !maps.Equal(got, want) {
			t.Errorf("%s: services %v, want %v", env.Name, got, want)
		}
	}
}
