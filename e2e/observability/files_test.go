package observability

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the files of manifests/observability that are made")

// made returns the files that are made from others.
func made(t *testing.T) map[string][]byte {
	t.Helper()
	board, err := dashboard(rows(), variables)
	if err != nil {
		t.Fatal(err)
	}
	var spec map[string]any
	if err := yaml.Unmarshal(read(t, "rules.yaml"), &spec); err != nil {
		t.Fatal(err)
	}
	rule, err := yaml.Marshal(object{"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": object{"name": "majordomo", "namespace": "majordomo"}, "spec": spec})
	if err != nil {
		t.Fatal(err)
	}
	head := "# Made from rules.yaml: `go test ./... -update` in e2e/observability.\n"
	return map[string][]byte{"dashboard.json": board, "prometheusrule-majordomo.yaml": append([]byte(head), rule...)}
}

func TestFilesAreWhatIsMadeFromTheirSources(t *testing.T) {
	for name, want := range made(t) {
		if *update {
			if err := os.WriteFile(filepath.Join(folder, name), want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(want), string(read(t, name))); diff != "" {
			t.Errorf("%s is to be made anew, by -update (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheFolderIsAKustomization(t *testing.T) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range built.Resources() {
		got = append(got, r.GetKind()+" "+r.GetNamespace()+"/"+r.GetName())
		if r.GetKind() != "ConfigMap" {
			continue
		}
		if r.GetLabels()["grafana_dashboard"] != "1" || r.GetDataMap()["majordomo.json"] != string(read(t, "dashboard.json")) {
			t.Errorf("%s has the labels %v; want the label that the sidecar looks for, and the dashboard", r.GetName(), r.GetLabels())
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"ConfigMap majordomo/majordomo-dashboard", "PrometheusRule majordomo/majordomo", "ServiceMonitor majordomo/majordomo"}, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// What Grafana would put right in silence, or show as an empty panel.
func TestTheDashboardIsWhatGrafanaTakes(t *testing.T) {
	var board struct {
		UID, Title    string
		SchemaVersion int
		Templating    struct {
			List []struct{ Name, Type string }
		}
		Panels []struct {
			ID                 int
			Type, Title        string
			Description        string
			GridPos            struct{ X, Y, W, H int }
			Datasource         struct{ Type, UID string }
			Targets            []struct{ Expr, RefID string }
			FieldConfig        struct{ Defaults struct{ Unit string } }
			Options, Collapsed any
		}
	}
	if err := json.Unmarshal(read(t, "dashboard.json"), &board); err != nil {
		t.Fatal(err)
	}
	if board.UID == "" || board.SchemaVersion < 41 || board.Templating.List[0].Type != "datasource" {
		t.Errorf("uid %q, schema %d, first variable %v", board.UID, board.SchemaVersion, board.Templating.List[0])
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range board.Panels {
		if ids[p.ID] {
			t.Errorf("%s: id %d is taken", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s is at %d,%d, where %q is or nothing may be", p.Title, x, y, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && (len(p.Targets) == 0 || p.Description == "" || p.Datasource.UID != "${datasource}" || p.FieldConfig.Defaults.Unit == "") {
			t.Errorf("%s: %+v; want queries, a sentence, the chosen source and a unit", p.Title, p)
		}
	}
}
