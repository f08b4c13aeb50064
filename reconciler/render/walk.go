package render

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// walker reads every file that a build will read, before the build, and refuses what is not plain data of this tree. What it has
// checked is what kustomize is then given, in a form that cannot be read in two ways.
type walker struct {
	reads  *reads
	parsed *parsed
	limits Limits

	checked  map[string][]byte // what kustomize reads instead of the files
	verbatim map[string]bool   // files that become values of ConfigMaps and Secrets as they are
	stated   []source          // every object of every file, for places in messages
	secrets  []object.Object   // whose values are masked in messages
	warnings []string
	errs     []error
	unusual  bool // it uses features of kustomize that few use

	open   []string         // the folders on the way to the one being visited
	levels map[string]level // the folders that have been visited
}

// source is an object as a file, or a generator of a kustomization, states it.
type source struct {
	id       object.ID
	version  string
	place    string // file:line
	names    []string
	spaces   []string
	produced bool // by a generator
}

// level is what one kustomization passes on to those that use it.
type level struct {
	sources []source
	loose   bool // its objects may have been renamed in ways that the walker does not follow
}

// kustomization is one kustomization file while it is read.
type kustomization struct {
	*walker
	dir  string
	name string
	file *yaml.File
	spec types.Kustomization
	level
}

// maxFolders is how many kustomizations one overlay may consist of.
const maxFolders = 500

func newWalker(r *reads, p *parsed, l Limits) *walker {
	return &walker{reads: r, parsed: p, limits: l, checked: map[string][]byte{}, verbatim: map[string]bool{}, levels: map[string]level{}}
}

// walk reads all that the kustomization in dir is made of. The error joins every problem.
func (w *walker) walk(dir string) error {
	dir = path.Clean(dir)
	if path.IsAbs(dir) || dir == ".." || strings.HasPrefix(dir, "../") {
		return fmt.Errorf("path %s: is no folder inside the repository", dir)
	}
	if w.reads.at(dir) != folder {
		return fmt.Errorf("path %s: there is no such folder", dir)
	}
	w.visit(dir, types.KustomizationKind)
	for p := range w.verbatim {
		delete(w.checked, p)
	}
	return yaml.Join(w.errs...)
}

func (w *walker) fail(err error) { w.errs = append(w.errs, err) }

func (w *walker) warn(about error) {
	if text := about.Error(); !slices.Contains(w.warnings, text) {
		w.warnings = append(w.warnings, text)
	}
}

// visit reads the kustomization in a folder and all below it, once. Kind is Kustomization or Component.
func (w *walker) visit(dir, kind string) level {
	if l, ok := w.levels[dir]; ok {
		return l
	}
	k, err := w.openKustomization(dir, kind)
	if err != nil {
		w.fail(err)
		return level{loose: true}
	}
	w.open = append(w.open, dir)
	k.read()
	w.open = w.open[:len(w.open)-1]
	w.levels[dir] = k.level
	return k.level
}

func (w *walker) openKustomization(dir, kind string) (*kustomization, error) {
	if len(w.levels)+len(w.open) >= maxFolders {
		return nil, fmt.Errorf("%s: the overlay is made of too many kustomizations; allowed are %d", dir, maxFolders)
	}
	name, err := w.kustomizationFile(dir)
	if err != nil {
		return nil, err
	}
	data, err := w.reads.read(name)
	if err != nil {
		return nil, err
	}
	k := &kustomization{walker: w, dir: dir, name: name}
	if k.file, err = yaml.Open(name, data); err != nil {
		return nil, err
	}
	if err := k.file.Decode(&k.spec); err != nil {
		return nil, err
	}
	return k, k.checkKind(kind)
}

// kustomizationFile finds the one kustomization file of a folder.
func (w *walker) kustomizationFile(dir string) (string, error) {
	var found []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if p := path.Join(dir, name); w.reads.at(p) != absent {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return "", w.reads.missing(path.Join(dir, konfig.DefaultKustomizationFileName()), "the folder has no kustomization.yaml")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s: the folder has more than one kustomization file: %s; keep one", dir, strings.Join(found, ", "))
}

func (k *kustomization) checkKind(kind string) error {
	version := types.KustomizationVersion
	if k.spec.Kind == types.ComponentKind {
		version = types.ComponentVersion
	}
	switch {
	case k.spec.Kind != "" && k.spec.Kind != types.KustomizationKind && k.spec.Kind != types.ComponentKind:
		return k.file.Errorf([]any{"kind"}, "is %q; allowed: Kustomization, Component", k.spec.Kind)
	case k.spec.Kind == types.ComponentKind && kind != types.ComponentKind:
		return k.file.Errorf([]any{"kind"}, "is a Component; list its folder under components, not under resources")
	case k.spec.Kind != types.ComponentKind && kind == types.ComponentKind:
		return k.file.Errorf([]any{"kind"}, "is no Component; list its folder under resources, not under components")
	case k.spec.APIVersion != "" && k.spec.APIVersion != version:
		return k.file.Errorf([]any{"apiVersion"}, "is %q; allowed is %s", k.spec.APIVersion, version)
	}
	return nil
}

func (k *kustomization) refuse(at []any, format string, args ...any) {
	k.fail(k.file.Errorf(at, format, args...))
}

// read checks each part of the kustomization in the order in which kustomize uses them.
func (k *kustomization) read() {
	k.refuseFeatures()
	k.modernize()
	k.readResources()
	k.readGenerators()
	k.readComponents()
	k.readPatches()
	k.readTransformers()
	k.readReplacements()
	k.readConfigurations()
	k.rename()
	if err := k.spec.CheckEmpty(); err != nil {
		k.refuse(nil, "says nothing; it needs resources, at least")
	}
	k.checked[k.name] = encode(k.spec)
}

// rename follows what the kustomization makes of names and namespaces.
func (k *kustomization) rename() {
	for i, s := range k.sources {
		if k.spec.NamePrefix+k.spec.NameSuffix != "" {
			s.names = append(slices.Clip(s.names), k.spec.NamePrefix+s.names[len(s.names)-1]+k.spec.NameSuffix)
		}
		if k.spec.Namespace != "" {
			s.spaces = append(slices.Clip(s.spaces), k.spec.Namespace)
		}
		k.sources[i] = s
	}
}
