package render

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"majordomo.dev/reconciler/object"
)

// folderOf writes files to disk and opens them as a tree.
func folderOf(t *testing.T, m memory) (*Directory, string) {
	t.Helper()
	dir := t.TempDir()
	for name, f := range m.files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, dir
}

func TestDirectoryRendersLikeACommit(t *testing.T) {
	d, _ := folderOf(t, three())
	got, err := New(Limits{}).Render(t.Context(), d, "e0")
	if err != nil {
		t.Fatal(err)
	}
	want, err := New(Limits{}).Render(t.Context(), three(), "e0")
	if err != nil || got.Digest != want.Digest || len(got.Objects) != 1 {
		t.Errorf("from disk %s, from memory %s, error %v", got.Digest, want.Digest, err)
	}
}

func TestSymlink(t *testing.T) {
	cases := []struct{ name, link, to, want string }{
		{"to /etc/passwd", "overlay/s.yaml", "/etc/passwd", "a symbolic link must lead to a file of the repository"},
		{"to the environment of the process", "overlay/s.yaml", "/proc/self/environ", "a symbolic link must lead to a file of the repository"},
		{"to the token of the pod", "overlay/s.yaml", "/var/run/secrets/kubernetes.io/serviceaccount/token", "a symbolic link must lead to a file of the repository"},
		{"relative, out of the folder", "overlay/s.yaml", "../../../../etc/passwd", "a symbolic link must lead to a file of the repository"},
		{"to itself", "overlay/s.yaml", "s.yaml", "a symbolic link must lead to a file of the repository"},
		{"of a folder to its parent", "overlay/sub", "../overlay", "too many levels of symbolic links"},
		{"of a folder out", "overlay/sub", "/etc", "a symbolic link must lead to a file of the repository"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, dir := folderOf(t, tree("overlay/kustomization.yaml", head+"resources: ["+filepath.Base(c.link)+"]\n"))
			if err := os.Symlink(c.to, filepath.Join(dir, c.link)); err != nil {
				t.Fatal(err)
			}
			_, err := New(Limits{}).Render(t.Context(), d, "overlay")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "root:") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestYAMLIsInOrderOfApplication(t *testing.T) {
	m := tree("overlay/kustomization.yaml", head+"resources: [b.yaml, a.yaml]\n", "overlay/a.yaml", settings("a"),
		"overlay/b.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: b, namespace: jenkins}\nstringData: {token: canary-1}\n")
	got, err := New(Limits{}).Render(t.Context(), m, "overlay")
	if err != nil {
		t.Fatal(err)
	}
	const want = "apiVersion: v1\ndata:\n  level: info\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: jenkins\n---\n" +
		"apiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n  namespace: jenkins\nstringData:\n  token: canary-1\n"
	if text := string(YAML(got.Objects)); text != want {
		t.Errorf("YAML = %s, want %s", text, want)
	}
	id := object.ID{Kind: "Secret", Namespace: "jenkins", Name: "b"}
	if got.Origin[id] != "overlay/b.yaml:1" || strings.Join(got.Files, " ") != "overlay/a.yaml overlay/b.yaml overlay/kustomization.yaml" {
		t.Errorf("origin %v, files %v", got.Origin, got.Files)
	}
}
