package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// licences returns the licence texts of all that the program was made of: of Go, of each module, and of what lies among the sources. A module
// without one is an error: it may not be given away.
func licences(ctx context.Context, source string, info *buildinfo.BuildInfo) ([]file, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	all, err := texts(strings.TrimSpace(string(out)), "licenses/go@"+strings.TrimPrefix(info.GoVersion, "go"))
	if err != nil {
		return nil, err
	}
	folders, err := modules(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		found, err := texts(folders[m.Path], "licenses/"+m.Path+"@"+m.Version)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	own, err := among(source)
	return append(all, own...), err
}

// modules returns the folder of each module of the build.
func modules(ctx context.Context) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m all: %w", err)
	}
	folders := map[string]string{}
	for l := range bytes.Lines(out) {
		module, dir, _ := strings.Cut(strings.TrimSpace(string(l)), "\t")
		folders[module] = dir
	}
	return folders, nil
}

// licence tells whether a file holds a licence, or a notice that goes with one, by its name.
func licence(name string) bool {
	name = strings.ToUpper(name)
	return path.Ext(name) != ".GO" && slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, func(s string) bool { return strings.HasPrefix(name, s) })
}

// texts returns the licences at the root of a folder, at least one, as files of the image below a path.
func texts(dir, at string) ([]file, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	var found []file
	for _, e := range entries {
		if e.IsDir() || !licence(e.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		found = append(found, file{at + "/" + e.Name(), 0o444, data})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: there is no licence in %s", at, dir)
	}
	return found, nil
}

// among returns the licences that lie among the sources, beside the code of others that is embedded.
func among(source string) ([]file, error) {
	var found []file
	err := filepath.WalkDir(source, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !licence(d.Name()) {
			return err
		}
		data, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			return err
		}
		within, err := filepath.Rel(source, name)
		found = append(found, file{"licenses/" + filepath.ToSlash(within), 0o444, data})
		return err
	})
	return found, err
}
