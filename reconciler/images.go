package main

import (
	"fmt"
	"io/fs"
	"strings"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/object"
)

// image is one container image that an object states.
type image struct{ field, image string }

// images returns the images of everything in the object that looks like a pod: templates too, wherever they are.
func images(o object.Object) []image {
	var out []image
	var walk func(v any, at string)
	walk = func(v any, at string) {
		m, _ := v.(map[string]any)
		for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
			containers, _ := m[list].([]any)
			for i, c := range containers {
				container, _ := c.(map[string]any)
				if name, ok := container["image"].(string); ok {
					out = append(out, image{fmt.Sprintf("%s.%s[%d].image", at, list, i), name})
				}
			}
		}
		for _, k := range []string{"spec", "template", "jobTemplate"} {
			if below, ok := m[k]; ok {
				walk(below, at+"."+k)
			}
		}
	}
	walk(map[string]any(o), "")
	return out
}

// unpinned says why an image may be another one tomorrow, "" if it may not.
func unpinned(ref string) string {
	name, digest, _ := strings.Cut(ref, "@")
	_, tag, tagged := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	switch {
	case digest != "":
		return ""
	case !tagged || tag == "":
		return "has no tag, which means latest"
	case tag == "latest":
		return "is whatever is latest when a pod starts"
	}
	return ""
}

// poolTargets returns the objects that AgentPools scale, with the pool.
func (c checked) poolTargets() map[object.ID]string {
	targets := map[object.ID]string{}
	for id, o := range c.result.Objects {
		if !isPool(id) {
			continue
		}
		if p, _ := pool.Parse(o); p != nil {
			targets[targetOf(id, p.Spec.Target)] = id.Name
		}
	}
	return targets
}

// origin returns the file that an object comes from, and the line in it that states the field with this value, as far as that can be
// told: a transformer of an overlay may have written it.
func (c checked) origin(r *repository, id object.ID, field, value string) (file string, line int) {
	file = c.result.Origin[id]
	if i := strings.LastIndex(file, ":"); i > 0 {
		file = file[:i]
	}
	if file == "" || field == "" {
		return file, 0
	}
	data, err := fs.ReadFile(r.tree.FS(), file)
	if err != nil {
		return file, 0
	}
	if line := lineOf(data, id, field, value); line > 0 {
		return file, line
	}
	want := field[strings.LastIndex(field, ".")+1:] + ":"
	for text := range strings.Lines(string(data)) {
		line++
		if rest, ok := strings.CutPrefix(strings.TrimLeft(text, " -{"), want); ok && strings.Contains(rest, value) {
			return file, line
		}
	}
	return file, 0
}
