package main

import (
	"path"
	"slices"
	"strings"
)

// module is the path of the product's module; every rule names packages relative to it.
const module = "majordomo.dev"

// A layer is a set of packages with the same rights.
type layer struct {
	name     string
	packages []string // a folder, or with /... everything below it too
	imports  []string // layers of the same half that its packages may import
}

// The first layer that names a package has it.
var layers = []layer{
	{name: "main", packages: []string{"reconciler"}, imports: []string{"shell", "rim", "core", "data"}},
	{name: "test support", packages: []string{"reconciler/access/oidc/oidctest", "reconciler/git/gittest/...", "jenkins/jenkinstest/...", "e2e/..."}, imports: []string{"test support", "shell", "rim", "core", "data"}},
	{name: "shell", packages: []string{"reconciler/loop/...", "jenkins/fleet/..."}, imports: []string{"rim", "core", "data"}},
	{name: "rim", packages: []string{"reconciler/access/oidc", "reconciler/access/review", "reconciler/git/...", "reconciler/cluster/...", "reconciler/notify/...", "reconciler/record/...", "reconciler/telemetry/...", "reconciler/web/...", "jenkins/rest/...", "jenkins/kube/..."}, imports: []string{"core", "data"}},
	{name: "core", packages: []string{
		"reconciler/access", "reconciler/config", "reconciler/manual", "reconciler/notice", "reconciler/object", "reconciler/plan", "reconciler/render", "reconciler/secret", "reconciler/status", "reconciler/window", "reconciler/yaml",
		"reconciler/history", "reconciler/timeline",
		"jenkins", "jenkins/demand", "jenkins/drain", "jenkins/heal", "jenkins/pool", "jenkins/rollout", "jenkins/roster", "jenkins/scale", "jenkins/simulate/...",
	}, imports: []string{"core"}},
	{name: "data", packages: []string{"manifests/..."}},
}

// The halves know nothing of each other; main introduces them.
var halves = []string{"reconciler", "jenkins"}

// foreign is what a core package may import besides the standard library and core.
var foreign = map[string][]string{
	"reconciler/config": {"github.com/robfig/cron/v3", "go.yaml.in/yaml/v3", "k8s.io/apimachinery/pkg/util/validation"},
	"reconciler/yaml": {
		"go.yaml.in/yaml/v3", "k8s.io/apimachinery/pkg/api/resource", "k8s.io/apimachinery/pkg/api/validate/content",
		"k8s.io/apimachinery/pkg/util/validation",
	},
	"reconciler/render": {"sigs.k8s.io/kustomize/...", "sigs.k8s.io/yaml"},
	"reconciler/status": {"github.com/fluxcd/cli-utils/pkg/kstatus/...", "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"},
	"jenkins/scale":     {"github.com/robfig/cron/v3"},
}

// impure is the part of the standard library that touches the world.
var impure = []string{"net", "net/http/...", "net/rpc/...", "os/...", "log/...", "math/rand/...", "crypto/rand", "syscall/...", "runtime/...", "plugin", "database/..."}

// touches are the exceptions to impure, each with its reason.
var touches = map[string]map[string]string{
	"reconciler/config": {
		"net":      "splits HOST:PORT",
		"os":       "reads the file of options, before anything runs",
		"log/slog": "its Level is an option",
	},
	"reconciler/render": {"os": "its error values are what kustomize's file system returns"},
	"reconciler/secret": {"log/slog": "its LogValuer hides the text"},
}

// concurrent are the core packages that may start a goroutine, each with its reason.
var concurrent = map[string]string{
	"reconciler/render": "kustomize cannot be interrupted: a build that takes too long is left behind",
}

// clock is what a core package may not call: time is an argument.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// vague names say nothing of what a package is for.
var vague = []string{"utils", "util", "common", "helpers", "helper", "types", "misc", "shared", "base"}

const (
	functionLines = 60
	fileLines     = 400
)

// layerOf returns the layer of a folder of the module, nil if it has none.
func layerOf(dir string) *layer {
	for i, l := range layers {
		if matches(l.packages, dir) {
			return &layers[i]
		}
	}
	return nil
}

// half returns the half of the product that a folder belongs to, "" for none.
func half(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	if slices.Contains(halves, first) {
		return first
	}
	return ""
}

// matches tells whether one of the patterns covers the path: a/b covers a/b, a/... covers a and everything below.
func matches(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		root, all := strings.CutSuffix(pattern, "/...")
		return p == root || all && strings.HasPrefix(p, root+"/")
	})
}

// standard tells whether an import path is of the standard library: its first element has no dot.
func standard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}

// folder returns an import path of the module as the folder it is in.
func folder(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	dir, ok := strings.CutPrefix(importPath, module+"/")
	return path.Clean(dir), ok
}
