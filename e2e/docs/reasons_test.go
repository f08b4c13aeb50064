package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"majordomo.dev/e2e/docs/page"
)

// reason is how reasons look; the constants of other things beside them do not.
var reason = regexp.MustCompile(`^([A-Z][a-z]+)+$`)

// notReasons are types and statuses of conditions, which stand beside reasons.
var notReasons = []string{
	"True", "False", "Unknown", "Normal", "Warning", "Ready", "Reconciling", "Stalled", "SourceReady", "DriftDetected", "JenkinsReachable", "ScalingActive",
	"ScalingLimited",
}

// texts returns the texts in the Go files of a package that are reasons of conditions and events, by how they look and where they stand:
// constants, the field Reason of an Event, arguments of Because, Inactive, worse and the like.
func texts(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, error %v", dir, len(files), err)
	}
	var found []string
	add := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil && reason.MatchString(text) && !slices.Contains(notReasons, text) {
				found = append(found, text)
			}
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for _, v := range n.Values {
					add(v)
				}
			case *ast.AssignStmt:
				for _, v := range n.Rhs {
					add(v)
				}
			case *ast.CompositeLit:
				for _, v := range n.Elts {
					add(v)
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Reason" {
					add(n.Value)
				}
			case *ast.CallExpr:
				for _, v := range n.Args {
					add(v)
				}
			}
			return true
		})
	}
	return found
}

func TestEveryReasonHasItsPlaceInTroubleshooting(t *testing.T) {
	data, err := os.ReadFile(root + "/docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	p := page.Read("docs/troubleshooting.md", string(data))
	var named []string
	for l := range strings.Lines(string(data)) {
		cells := strings.Split(l, "|")
		if strings.HasPrefix(l, "|") && len(cells) > 3 {
			for _, s := range page.Read("", cells[1]).Spans {
				named = append(named, s.Text)
			}
		}
	}
	seen := 0
	for _, dir := range []string{"reconciler/status", "jenkins/pool", "jenkins", "jenkins/heal", "jenkins/fleet", "reconciler/access"} {
		for _, text := range texts(t, dir) {
			if slices.Contains(others, text) {
				continue
			}
			seen++
			if !slices.Contains(p.Anchors, page.Slug(text)) && !slices.Contains(named, text) {
				t.Errorf("%s: reason %s has neither a heading nor a row in docs/troubleshooting.md", dir, text)
			}
		}
	}
	for _, phase := range []string{"Canary", "Progressing", "Complete", "RolledBack", "Blocked"} {
		if text := "Rollout" + phase; !slices.Contains(p.Anchors, page.Slug(text)) && !slices.Contains(named, text) {
			t.Errorf("phase %s has neither a heading nor a row", text)
		}
	}
	if seen < 60 {
		t.Errorf("%d reasons were found, want all", seen)
	}
}

// others are words in the same places that are no reasons of ours: kinds of objects, what Kubernetes says of them, and phases of a rollout, of
// which Events make reasons.
var others = []string{
	"AgentPool", "ReplicaSet", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "Service", "Secret",
	"Current", "InProgress", "Failed", "Terminating", "NamesAccepted", "Established", "Available", "ReplicaFailure", "PodScheduled",
	"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "Canary", "Complete", "Blocked",
}

func TestEveryAlertHasItsPlace(t *testing.T) {
	data, err := os.ReadFile(root + "/manifests/observability/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string            `json:"alert"`
				Annotations map[string]string `json:"annotations"`
			} `json:"rules"`
		} `json:"groups"`
	}
	if err := yaml.Unmarshal(data, &rules); err != nil {
		t.Fatal(err)
	}
	all, err := page.All(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			seen++
			file, anchor, _ := strings.Cut(r.Annotations["runbook"], "#")
			if anchor != strings.ToLower(r.Alert) || !slices.Contains(all[file].Anchors, anchor) {
				t.Errorf("alert %s: %s has no heading #%s", r.Alert, file, anchor)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d alerts were found, want all", seen)
	}
}
