package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// size is how much is measured.
type size struct {
	environments, rounds, repairs int
	traces                        string // folder
}

// objects is how many objects one environment has.
const objects = 20

// fleet is the repository of the measurement.
type fleet struct {
	dir  string
	size size
}

func newFleet(ctx context.Context, dir string, s size) (*fleet, error) {
	f := &fleet{dir: dir, size: s}
	if err := f.git(ctx, "init", "-q", "-b", "main"); err != nil {
		return nil, err
	}
	var list strings.Builder
	list.WriteString("apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n")
	for i := range s.environments {
		fmt.Fprintf(&list, "- {name: %[1]s, path: overlays/%[1]s, namespaces: [%[1]s]}\n", environment(i))
	}
	if err := f.write("fleet.yaml", list.String()); err != nil {
		return nil, err
	}
	if err := f.everything("0"); err != nil {
		return nil, err
	}
	_, err := f.commit(ctx, "first")
	return f, err
}

// everything writes the base that all environments share and what each has of its own, with the round in every object.
func (f *fleet) everything(round string) error {
	for i := range f.size.environments {
		if err := f.write("overlays/"+environment(i)+"/kustomization.yaml", overlay(environment(i), round)); err != nil {
			return err
		}
	}
	return f.base(round)
}

func environment(i int) string { return fmt.Sprintf("bench-%02d", i) }

// base writes the manifests that all environments share; round is in every object.
func (f *fleet) base(round string) error {
	var b strings.Builder
	b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [objects.yaml]\n")
	fmt.Fprintf(&b, "commonAnnotations: {round: %q}\n", round)
	if err := f.write("base/kustomization.yaml", b.String()); err != nil {
		return err
	}
	return f.write("base/objects.yaml", manifest())
}

func overlay(namespace, round string) string {
	return fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: %s\nresources: [../../base]\n"+
		"configMapGenerator:\n- {name: own, literals: [round=%s], options: {disableNameSuffixHash: true}}\n", namespace, round)
}

// manifest is 19 objects of the kinds that a Jenkins environment has; the overlay adds its own ConfigMap.
func manifest() string {
	var docs []string
	for i := range 8 {
		docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-%d}\ndata:\n  jenkins.yaml: |\n    jenkins:\n      numExecutors: 0\n      systemMessage: bench\n", i))
	}
	for i := range 4 {
		docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: service-%d}\nspec:\n  selector: {app: jenkins}\n  ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}]\n", i))
	}
	for i := range 3 {
		docs = append(docs, fmt.Sprintf("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: account-%d}\n", i))
	}
	for i, kind := range []string{"apps/v1 ReplicaSet", "v1 ReplicationController"} {
		version, name, _ := strings.Cut(kind, " ")
		selector := "{matchLabels: {app: agent}}"
		if i == 1 {
			selector = "{app: agent}"
		}
		docs = append(docs, fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: agent-%d}\nspec:\n  replicas: 0\n  selector: %s\n  template:\n    metadata: {labels: {app: agent}}\n"+
			"    spec:\n      containers:\n      - {name: agent, image: \"jenkins/inbound-agent:1\", resources: {requests: {cpu: 100m, memory: 256Mi}}}\n", version, name, i, selector))
	}
	docs = append(docs,
		"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: jenkins-home}\nspec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: credentials}\ndata: {password: YmVuY2g=}\n")
	return strings.Join(docs, "---\n")
}

func (f *fleet) write(name, text string) error {
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func (f *fleet) git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", f.dir, "-c", "user.name=bench", "-c", "user.email=bench@example.com"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return nil
}

func (f *fleet) commit(ctx context.Context, message string) (string, error) {
	if err := f.git(ctx, "add", "-A"); err != nil {
		return "", err
	}
	if err := f.git(ctx, "commit", "-q", "-m", message); err != nil {
		return "", err
	}
	b, err := os.ReadFile(filepath.Join(f.dir, ".git/refs/heads/main"))
	return strings.TrimSpace(string(b)), err
}
