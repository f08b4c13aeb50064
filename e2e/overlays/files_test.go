package overlays_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// documents decodes a YAML file, which fails on duplicate keys. A list, as JSON patches are, comes as its elements.
func documents(t *testing.T, path string) []map[string]any {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(read(t, path)))
	var all []map[string]any
	for {
		var doc any
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return all
		}
		elements, isList := doc.([]any)
		if !isList {
			elements = []any{doc}
		}
		for _, e := range elements {
			m, _ := e.(map[string]any)
			all = append(all, m)
		}
	}
}

func yamlFiles(t *testing.T) []string {
	t.Helper()
	all := files(t, "manifests", "overlays", "fleet.yaml")
	return slices.DeleteFunc(all, func(path string) bool { return filepath.Ext(path) != ".yaml" })
}

func TestNoFileHasDuplicateKeys(t *testing.T) {
	for _, path := range yamlFiles(t) {
		for i, doc := range documents(t, path) {
			if len(doc) == 0 {
				t.Errorf("%s: document %d is empty", path, i+1)
			}
		}
	}
}

func TestAnObjectIsAloneInTheFileNamedAfterIt(t *testing.T) {
	for _, dir := range folders(t, "manifests", "overlays") {
		for _, doc := range documents(t, dir+"/kustomization.yaml") {
			resources, _ := doc["resources"].([]any)
			for _, r := range resources {
				file, _ := r.(string)
				if filepath.Ext(file) != ".yaml" || dir == "manifests/crds" {
					continue
				}
				docs := documents(t, filepath.Join(dir, file))
				if len(docs) != 1 {
					t.Errorf("%s/%s: %d objects", dir, file, len(docs))
					continue
				}
				meta, _ := docs[0]["metadata"].(map[string]any)
				want := strings.ToLower(fmt.Sprintf("%v-%v.yaml", docs[0]["kind"], meta["name"]))
				if file != want {
					t.Errorf("%s/%s: is to be named %s", dir, file, want)
				}
			}
		}
	}
}

// outdated are fields that kustomize takes no more, or that Majordomo refuses.
var outdated = []string{
	"bases", "commonLabels", "crds", "generators", "helmChartInflationGenerator", "helmCharts", "imageTags", "openapi", "patchesJson6902",
	"patchesStrategicMerge", "transformers", "validators", "vars",
}

func TestKustomizationsAreOfTodayAndLocal(t *testing.T) {
	for _, dir := range folders(t, "manifests", "overlays") {
		for _, doc := range documents(t, dir+"/kustomization.yaml") {
			for _, field := range outdated {
				if _, ok := doc[field]; ok {
					t.Errorf("%s: field %s", dir, field)
				}
			}
			resources, _ := doc["resources"].([]any)
			for _, r := range resources {
				if s := fmt.Sprint(r); strings.Contains(s, "//") || strings.HasPrefix(s, "github.com") {
					t.Errorf("%s: %s is remote", dir, s)
				}
			}
		}
	}
}

var locked = regexp.MustCompile(`^([a-z0-9-]+):([0-9][A-Za-z0-9._-]*)$`)

func TestPluginsAreLocked(t *testing.T) {
	var names []string
	for line := range strings.Lines(string(read(t, "manifests/master/plugins/plugins.txt"))) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := locked.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%q is no NAME:VERSION", line)
			continue
		}
		names = append(names, m[1])
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(names))); !slices.Equal(names, sorted) {
		t.Error("plugins are not sorted, or one is there twice")
	}
	for _, wanted := range []string{"configuration-as-code", "git", "matrix-auth", "swarm", "workflow-aggregator"} {
		if !slices.Contains(names, wanted) {
			t.Errorf("no %s", wanted)
		}
	}
}
