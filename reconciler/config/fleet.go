// Package config reads what a user sets: fleet.yaml in the config repository, and the program's own options.
package config

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"majordomo.dev/reconciler/yaml"
)

// FleetFile is the name of the file at the root of a config repository that says which environments exist.
const FleetFile = "fleet.yaml"

// MaxEnvironments is how many environments one fleet may have.
const MaxEnvironments = 200

// Fleet is what a fleet.yaml says, with defaults filled in.
type Fleet struct {
	Environments  []Environment
	Notifications []Notification
}

// Environment is one overlay and the cluster that it is for.
type Environment struct {
	Name           string
	Path           string         // of the kustomization, from the root of the repository, clean
	Context        string         // of the kubeconfig; "" is the cluster majordomo runs in
	Namespaces     []string       // objects outside are refused; empty: those that the overlay itself creates
	ClusterKinds   []string       // cluster-scoped kinds allowed beside Namespace, PersistentVolume and StorageClass
	ServiceAccount ServiceAccount // impersonated for every call; zero: none
	Prune          Prune
}

// ServiceAccount names the account under which an environment's calls are made.
type ServiceAccount struct {
	Namespace, Name string
}

// User returns the name that Kubernetes has for the account as a user, "" for the zero account.
func (a ServiceAccount) User() string {
	if a == (ServiceAccount{}) {
		return ""
	}
	return "system:serviceaccount:" + a.Namespace + ":" + a.Name
}

// Reference returns the account as fleet.yaml writes it, NAMESPACE/NAME, nil for the zero account.
func (a ServiceAccount) Reference() *string {
	if a == (ServiceAccount{}) {
		return nil
	}
	text := a.Namespace + "/" + a.Name
	return &text
}

// Prune is how many objects of an environment may be deleted at once without approval: the larger of the two.
type Prune struct {
	MaxObjects int
	MaxPercent int // of the objects that the environment has
}

// DefaultPrune holds where fleet.yaml says nothing.
func DefaultPrune() Prune { return Prune{MaxObjects: 5, MaxPercent: 20} }

// fleetFile is the form of the file. The comments of this type and of those that it leads to are its reference, docs/reference/fleet.md,
// and its schema; lines that begin with + are for the schema.
type fleetFile struct {
	// Version of the form of this file.
	// +required
	// +enum=majordomo.dev/v1alpha1
	APIVersion string `json:"apiVersion"`
	// What the file is.
	// +required
	// +enum=Fleet
	Kind string `json:"kind"`
	// What the repository keeps as Git says. The names are unique.
	// +required
	// +minItems=1
	// +maxItems=200
	Environments []environmentFile `json:"environments"`
	// Who is told what happens: chats, webhooks, mailboxes, and the commits of the repository. The names are unique.
	// +maxItems=20
	Notifications []notificationFile `json:"notifications"`
}

// environmentFile is one overlay and the cluster that it is for.
type environmentFile struct {
	// Name of the environment in commands, in its Environment object and in metrics: up to 63 lower case letters, digits and - inside.
	// all, none, fleet and environments mean something else on the command line.
	// +required
	// +maxLength=63
	// +pattern=^[a-z0-9]([-a-z0-9]*[a-z0-9])?$
	// +not=all,none,fleet,environments
	Name string `json:"name"`
	// Folder of the kustomization, from the root of the repository.
	// +required
	// +minLength=1
	// +pattern=^[^/\\\n\r\t][^\\\n\r\t]*$
	Path string `json:"path"`
	// Context of Majordomo's kubeconfig, by which it reaches the cluster. Without it, the cluster that Majordomo runs in.
	// +pattern=\S
	Context *string `json:"context"`
	// Namespaces that the environment may use; objects elsewhere are refused. Without it, those that the overlay itself creates.
	// +minItems=1
	// +unique
	// +items=^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$
	Namespaces []string `json:"namespaces"`
	// Kinds without a namespace that the environment may use beside Namespace, PersistentVolume and StorageClass, such as ClusterRole.
	// +items=^([A-Z][A-Za-z0-9]*|[a-z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*)$
	ClusterKinds []string `json:"clusterKinds"`
	// Service account, as NAMESPACE/NAME, in whose name every call for the environment is made, so that the cluster's own rights bound it.
	// Without it, Majordomo's own account makes them.
	// +pattern=^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$
	ServiceAccount *string `json:"serviceAccount"`
	// How many objects one sync may delete without approval: the larger of the two. More are held until `majordomo approve`.
	Prune pruneFile `json:"prune"`
}

// pruneFile is how many objects one sync may delete without approval.
type pruneFile struct {
	// A number of objects. 0 asks for approval each time, if maxPercent is 0 too.
	// +default=5
	// +minimum=0
	MaxObjects *int `json:"maxObjects"`
	// A share of the objects that the environment has, in percent.
	// +default=20
	// +minimum=0
	// +maximum=100
	MaxPercent *int `json:"maxPercent"`
}

// ParseFleet reads and checks a fleet.yaml. The error joins every problem that it has, each with line and field.
func ParseFleet(file string, data []byte) (Fleet, error) {
	f, err := yaml.Open(file, data)
	if err != nil {
		return Fleet{}, err
	}
	var raw fleetFile
	if err := f.Decode(&raw); err != nil {
		return Fleet{}, err
	}
	r := fleetReader{file: f}
	fleet := r.fleet(raw)
	if err := yaml.Join(r.errs...); err != nil {
		return Fleet{}, err
	}
	return fleet, nil
}

// Environment returns the environment of a name. The error names one that is spelled alike.
func (f Fleet) Environment(name string) (Environment, error) {
	names := make([]string, len(f.Environments))
	for i, e := range f.Environments {
		if e.Name == name {
			return e, nil
		}
		names[i] = e.Name
	}
	return Environment{}, fmt.Errorf("no environment %q in the fleet%s", name, yaml.DidYouMean(name, names))
}

// fleetReader turns the form of the file into a Fleet and collects what is wrong with it.
type fleetReader struct {
	file *yaml.File
	errs []error
}

func (r *fleetReader) fail(path []any, format string, args ...any) {
	r.errs = append(r.errs, r.file.Errorf(path, format, args...))
}

func (r *fleetReader) fleet(raw fleetFile) Fleet {
	if raw.APIVersion != "majordomo.dev/v1alpha1" {
		r.fail([]any{"apiVersion"}, "is %q; allowed is majordomo.dev/v1alpha1", raw.APIVersion)
	}
	if raw.Kind != "Fleet" {
		r.fail([]any{"kind"}, "is %q; allowed is Fleet", raw.Kind)
	}
	if n := len(raw.Environments); n == 0 || n > MaxEnvironments {
		r.fail([]any{"environments"}, "has %d entries; allowed are 1 to %d", n, MaxEnvironments)
	}
	var fleet Fleet
	first := map[string]int{}
	for i, e := range raw.Environments {
		at := []any{"environments", i}
		if j, ok := first[e.Name]; ok && e.Name != "" {
			r.fail(append(at, "name"), "%q is also the name of environments[%d]; names are unique", e.Name, j)
		}
		first[e.Name] = i
		fleet.Environments = append(fleet.Environments, r.environment(e, at))
	}
	fleet.Notifications = r.notifications(raw.Notifications, fleet.Environments)
	return fleet
}

func (r *fleetReader) environment(raw environmentFile, at []any) Environment {
	in := func(field ...any) []any { return in(at, field...) }
	r.label(raw.Name, in("name"))
	if slices.Contains(reserved, raw.Name) {
		r.fail(in("name"), "%q means something else on the command line; allowed are other names", raw.Name)
	}
	for i, ns := range raw.Namespaces {
		r.label(ns, in("namespaces", i))
		if slices.Contains(raw.Namespaces[:i], ns) {
			r.fail(in("namespaces", i), "%q is there twice", ns)
		}
	}
	if raw.Namespaces != nil && len(raw.Namespaces) == 0 {
		r.fail(in("namespaces"), "is empty; name at least one, or leave the field out for those that the overlay creates")
	}
	for i, kind := range raw.ClusterKinds {
		if problems := validation.IsDNS1035Label(strings.ToLower(kind)); len(problems) > 0 || kind == strings.ToLower(kind) {
			r.fail(in("clusterKinds", i), "%q is no kind; allowed are kinds such as ClusterRole", kind)
		}
	}
	return Environment{
		Name: raw.Name, Path: r.path(raw.Path, in("path")), Context: r.context(raw.Context, in("context")),
		Namespaces: raw.Namespaces, ClusterKinds: raw.ClusterKinds,
		ServiceAccount: r.account(raw.ServiceAccount, in("serviceAccount")),
		Prune:          r.prune(raw.Prune, in("prune")),
	}
}

// reserved are words that stand for environments on the command line and in URLs.
var reserved = []string{"all", "none", "fleet", "environments"}

// label requires a DNS label: the name becomes part of object names, label values and URLs.
func (r *fleetReader) label(name string, at []any) {
	if name == "" {
		r.fail(at, "is missing")
		return
	}
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		r.fail(at, "%q is no DNS label; allowed are up to 63 lower case letters, digits and - inside, as in my-env-1", name)
	}
}

func (r *fleetReader) path(p string, at []any) string {
	clean := path.Clean(p)
	switch {
	case p == "":
		r.fail(at, "is missing; it names the folder of the kustomization, such as overlays/gke")
	case strings.Contains(p, "://") || strings.Contains(p, "::"):
		r.fail(at, "%q is remote; allowed are folders of this repository", p)
	case path.IsAbs(p):
		r.fail(at, "%q is absolute; allowed are paths from the root of the repository", p)
	case clean == ".." || strings.HasPrefix(clean, "../"):
		r.fail(at, "%q leaves the repository", p)
	case strings.ContainsAny(p, "\\\n\r\t"):
		r.fail(at, "%q has a backslash or control character; folders are separated by /", p)
	}
	return clean
}

func (r *fleetReader) context(c *string, at []any) string {
	if c == nil {
		return ""
	}
	if strings.TrimSpace(*c) == "" {
		r.fail(at, "is empty; name a context of the kubeconfig, or leave the field out for the cluster majordomo runs in")
	}
	return *c
}

// account reads the account to impersonate. One that is there but empty is an error: it must not quietly mean "all rights".
func (r *fleetReader) account(text *string, at []any) ServiceAccount {
	if text == nil {
		return ServiceAccount{}
	}
	namespace, name, _ := strings.Cut(*text, "/")
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		r.fail(at, "is %q; allowed is NAMESPACE/NAME, as in jenkins/deployer; leave the field out to use majordomo's own account", *text)
	}
	return ServiceAccount{Namespace: namespace, Name: name}
}

func (r *fleetReader) prune(raw pruneFile, at []any) Prune {
	p := DefaultPrune()
	if raw.MaxObjects != nil {
		p.MaxObjects = *raw.MaxObjects
	}
	if raw.MaxPercent != nil {
		p.MaxPercent = *raw.MaxPercent
	}
	if p.MaxObjects < 0 {
		r.fail(append(slices.Clone(at), "maxObjects"), "is %d; allowed is 0 (each needs approval) or more", p.MaxObjects)
	}
	if p.MaxPercent < 0 || p.MaxPercent > 100 {
		r.fail(append(slices.Clone(at), "maxPercent"), "is %d; allowed is 0 to 100", p.MaxPercent)
	}
	return p
}
