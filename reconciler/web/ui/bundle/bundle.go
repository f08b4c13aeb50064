package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// libraries are the names that sources import, and the vendored files that stand for them.
var libraries = map[string]string{
	"preact":               "preact/preact.mjs",
	"preact/hooks":         "preact/hooks.mjs",
	"@preact/signals":      "signals/signals.mjs",
	"@preact/signals-core": "signals-core/signals-core.mjs",
	"uplot":                "uplot/uPlot.esm.js",
}

// entries are the files that a page loads, each with the source that it is made from.
var entries = []struct{ name, source string }{
	{"app.js", "app.tsx"},
	{"app.css", "app.css"},
	{"theme.js", "theme.ts"},
	{"icon.svg", "icon.svg"},
}

// bundle makes the assets from the sources in dir, by name. The same sources make the same bytes.
func bundle(dir string) (map[string][]byte, error) {
	made := map[string][]byte{}
	for _, e := range entries {
		text, err := build(dir, e.source)
		if err != nil {
			return nil, fmt.Errorf("bundle %s: %w", e.source, err)
		}
		made[e.name] = text
	}
	return made, nil
}

func build(dir, source string) ([]byte, error) {
	if path.Ext(source) == ".svg" {
		return os.ReadFile(filepath.Join(dir, "src", source))
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	alias := map[string]string{}
	for name, file := range libraries {
		alias[name] = filepath.Join(root, "vendor", filepath.FromSlash(file))
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{filepath.Join(root, "src", source)},
		AbsWorkingDir:     root,
		Alias:             alias,
		Bundle:            true,
		Format:            api.FormatIIFE,
		Target:            api.ES2022,
		JSXFactory:        "h", // smaller than the automatic form
		JSXFragment:       "Fragment",
		Inject:            injected(root, source),
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelSilent,
		TsconfigRaw:       "{}",
		Banner:            map[string]string{"js": notice(source)},
		Outdir:            root,
	})
	var problems []error
	for _, m := range append(result.Errors, result.Warnings...) {
		where := ""
		if l := m.Location; l != nil {
			where = fmt.Sprintf("%s:%d: ", l.File, l.Line)
		}
		problems = append(problems, errors.New(where+m.Text))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return result.OutputFiles[0].Contents, nil
}

// notice names those whose work is in a script, as their licences ask.
func notice(source string) string {
	if path.Ext(source) != ".tsx" {
		return ""
	}
	return "/* With Preact (c) 2015-present Jason Miller, Preact Signals (c) 2022-present Preact Team, uPlot (c) 2025 Leon Sorokin: MIT License */"
}

// injected are the names that every source with elements in it uses.
func injected(root, source string) []string {
	if path.Ext(source) != ".tsx" {
		return nil
	}
	return []string{filepath.Join(root, "src", "jsx.ts")}
}

// hashed is the name under which a file is served: what is under a name never changes.
func hashed(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return name[:len(name)-len(ext)] + "-" + hex.EncodeToString(sum[:6]) + ext
}
