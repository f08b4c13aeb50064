package overlays_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/object"
)

// root is the config repository, seen from this package.
const root = "../.."

// render builds a kustomization of the repository as `kubectl apply -k` does: from the disk, reading nothing outside the folders it names.
func render(t *testing.T, dir string) []object.Object {
	t.Helper()
	options := krusty.MakeDefaultOptions()
	options.LoadRestrictions = types.LoadRestrictionsRootOnly
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(root, dir))
	if err != nil {
		t.Fatalf("render %s: %v", dir, err)
	}
	var objects []object.Object
	for _, r := range built.Resources() {
		b, err := r.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var u unstructured.Unstructured
		if err := u.UnmarshalJSON(b); err != nil {
			t.Fatalf("%s: %s: %v", dir, r.CurId(), err)
		}
		objects = append(objects, u.Object)
	}
	return objects
}

// folders returns the folders below the given ones that have a kustomization, by their path in the repository.
func folders(t *testing.T, below ...string) []string {
	t.Helper()
	var found []string
	for _, path := range files(t, below...) {
		if filepath.Base(path) == "kustomization.yaml" {
			found = append(found, filepath.Dir(path))
		}
	}
	return found
}

// files returns all files below the given folders, by their path in the repository.
func files(t *testing.T, below ...string) []string {
	t.Helper()
	var found []string
	for _, dir := range below {
		err := fs.WalkDir(os.DirFS(root), dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() && entry.Name() == ".vagrant" {
				return fs.SkipDir
			}
			if err == nil && !entry.IsDir() {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fleet returns the environments of the repository's own fleet.yaml.
func fleet(t *testing.T) []config.Environment {
	t.Helper()
	f, err := config.ParseFleet(config.FleetFile, read(t, config.FleetFile))
	if err != nil {
		t.Fatal(err)
	}
	return f.Environments
}

// find returns the objects of a kind.
func find(objects []object.Object, kind string) []object.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o object.Object) bool { return o.Kind() != kind })
}

func TestEveryBaseRendersAlone(t *testing.T) {
	for _, dir := range folders(t, "manifests") {
		t.Run(strings.ReplaceAll(dir, "/", "_"), func(t *testing.T) {
			if len(render(t, dir)) == 0 {
				t.Error("no objects")
			}
		})
	}
}

func TestTheFleetHasEveryOverlay(t *testing.T) {
	overlays := folders(t, "overlays")
	for _, env := range fleet(t) {
		i := slices.Index(overlays, env.Path)
		if i < 0 {
			t.Fatalf("environment %s: no kustomization in %s", env.Name, env.Path)
		}
		overlays = slices.Delete(overlays, i, i+1)
	}
	if len(overlays) > 0 {
		t.Errorf("no environment for %v", overlays)
	}
}

func TestEnvironmentsShareNoObject(t *testing.T) {
	owner := map[object.ID]string{}
	for _, env := range fleet(t) {
		for _, o := range render(t, env.Path) {
			if other, taken := owner[o.ID()]; taken {
				t.Errorf("%s is in %s and in %s", o.ID(), other, env.Name)
			}
			owner[o.ID()] = env.Name
		}
	}
}
