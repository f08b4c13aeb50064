package render

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// ErrUnstable says that two builds of the same files differ.
var ErrUnstable = errors.New("the build is not deterministic: two builds of the same files differ")

// buildFunc builds the kustomization in a folder.
type buildFunc func(f filesystem, dir string) ([]object.Object, error)

// building is held by the one build that runs in the process. Kustomize keeps its schemas in global variables, so this is one too.
var building = make(chan struct{}, 1)

// run builds, unless ctx ends first. A build cannot be interrupted: one that is given up keeps its turn until it ends, so there is
// never more than one.
func (r *Renderer) run(ctx context.Context, w *walker, dir string) ([]object.Object, error) {
	select {
	case building <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	type outcome struct {
		objects []object.Object
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-building }()
		objects, err := guarded(r.build, filesystem{reads: w.reads, checked: w.checked}, dir)
		done <- outcome{objects, err}
	}()
	select {
	case o := <-done:
		return o.objects, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// guarded turns a panic of a build into an error.
func guarded(build buildFunc, f filesystem, dir string) (objects []object.Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			objects, err = nil, fmt.Errorf("kustomize panicked: %v", p)
		}
	}()
	return build(f, dir)
}

// kustomize builds with kustomize.
func kustomize(f filesystem, dir string) ([]object.Object, error) {
	k := krusty.MakeKustomizer(&krusty.Options{
		Reorder: krusty.ReorderOptionNone, LoadRestrictions: types.LoadRestrictionsRootOnly, PluginConfig: types.DisabledPluginConfig(),
	})
	m, err := k.Run(f, "/"+relative(dir))
	if err != nil {
		return nil, err
	}
	objects := make([]object.Object, 0, m.Size())
	for _, res := range m.Resources() {
		v, err := yaml.Convert(res.YNode(), yaml.Limits{})
		if err != nil {
			return nil, err
		}
		o, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("kustomize made something that is no object")
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// quoted matches where kustomize repeats the user's files in its errors.
var quoted = regexp.MustCompile(`with config: .*|\[patch: "(?:[^"\\]|\\.)*"\]|(?: in (?:object )?| from )(?:apiVersion|kind|metadata|\{).*`)

// clean takes the contents of files, and with them all secrets, out of an error of kustomize: objects that it prints begin on the
// line after the message.
func (w *walker) clean(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	text := object.RedactText(err.Error(), w.secrets...)
	text, _, _ = strings.Cut(text, "\n")
	text = quoted.ReplaceAllString(text, "")
	const longest = 600
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	return errors.New("kustomize: " + strings.TrimSpace(text))
}
