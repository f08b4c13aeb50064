package main

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"majordomo.dev/reconciler/git/gittest"
)

// site is one environment on the real API server, the repository that describes it, and a person at the command line.
type site struct {
	t     *testing.T
	env   string // also its namespace
	repo  *gittest.Repo
	files map[string]string
	kube  dynamic.Interface
	vars  map[string]string // environment of the program
	stdin string
}

// newSite makes an environment with a ConfigMap, a Secret and a Service, committed and not yet applied.
func newSite(t *testing.T) *site {
	t.Helper()
	kube, err := dynamic.NewForConfig(real.Config())
	if err != nil {
		t.Fatal(err)
	}
	if err := install(t.Context(), real.Config()); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, env: real.Namespace(t, nil), repo: gittest.NewRepo(t), kube: kube}
	s.vars = map[string]string{"KUBECONFIG": real.Kubeconfig(t, "here"), "HOME": t.TempDir()}
	s.files = map[string]string{
		"fleet.yaml": "apiVersion: majordomo.dev/v1alpha1\nkind: Fleet\nenvironments:\n" +
			"- {name: " + s.env + ", path: overlay, namespaces: [" + s.env + "], prune: {maxObjects: 0, maxPercent: 0}}\n",
		"overlay/kustomization.yaml": "namespace: " + s.env + "\nresources: [casc.yaml, secret.yaml, service.yaml]\n",
		"overlay/casc.yaml":          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata: {executors: \"0\"}\n",
		"overlay/secret.yaml":        "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\nstringData: {password: first-password}\n",
		"overlay/service.yaml":       "apiVersion: v1\nkind: Service\nmetadata: {name: jenkins}\nspec: {selector: {app: jenkins}, ports: [{name: http, port: 80}]}\n",
	}
	s.commit("first")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = s.environments().Delete(ctx, s.env, metav1.DeleteOptions{})
	})
	return s
}

func (s *site) environments() dynamic.NamespaceableResourceInterface {
	return s.kube.Resource(schema.GroupVersionResource{Group: "majordomo.dev", Version: "v1alpha1", Resource: "environments"})
}

func (s *site) configMaps() dynamic.ResourceInterface {
	return s.kube.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(s.env)
}

// commit commits the files as they are now and returns the hash.
func (s *site) commit(message string) string {
	s.t.Helper()
	return s.repo.Commit(s.files, message)
}

// directory writes the files into a plain directory.
func (s *site) directory() string {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, text := range s.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir
}

// outcome is how one run of the program ended.
type outcome struct {
	code           int
	stdout, stderr string
}

// majordomo runs the program in this process.
func (s *site) majordomo(args ...string) outcome {
	s.t.Helper()
	return s.within(s.t.Context(), args...)
}

func (s *site) within(ctx context.Context, args ...string) outcome {
	s.t.Helper()
	vars := maps.Clone(s.vars)
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, func(k string) string { return vars[k] }, strings.NewReader(s.stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// want runs the program and fails the test unless it ends with the code.
func (s *site) want(code int, args ...string) outcome {
	s.t.Helper()
	o := s.majordomo(args...)
	if o.code != code {
		s.t.Fatalf("majordomo %s\nended with %d, want %d\n%s%s", strings.Join(args, " "), o.code, code, o.stdout, o.stderr)
	}
	return o
}

// sync applies the newest commit.
func (s *site) sync() {
	s.t.Helper()
	s.want(exitOK, "sync", s.env, "--local", "--repo", s.repo.Dir, "--timeout", "1m")
}

// edit changes the ConfigMap by another hand.
func (s *site) edit(patch string) {
	s.t.Helper()
	_, err := s.configMaps().Patch(s.t.Context(), "casc", types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "somebody"})
	if err != nil {
		s.t.Fatal(err)
	}
}

// object returns the Environment object.
func (s *site) object() *unstructured.Unstructured {
	s.t.Helper()
	u, err := s.environments().Get(s.t.Context(), s.env, metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// has fails the test unless the text has all the parts, in this order.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			t.Fatalf("no %q, or not in this place, in\n%s", p, text)
		}
		rest = after
	}
}

func lacks(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Fatalf("%q is in\n%s", p, text)
		}
	}
}
