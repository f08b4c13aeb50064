// Package ui is the page that people look at: its script, style and icon, bundled and compressed beforehand.
package ui

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Prefix is what the path of every asset begins with.
const Prefix = "/assets/"

//go:embed dist
var dist embed.FS

// types are those of the assets, by the end of the name.
var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Assets are the files that a page loads, by their paths. A path has a hash of the content: what is under it never changes.
type Assets struct {
	Script string // deferred; takes the place of what is in the element with the id "app"
	Style  string
	Theme  string // script for the head, before anything is painted: sets the theme that the person has chosen
	Icon   string

	files map[string]asset // by path
}

// asset is one file in both forms.
type asset struct {
	kind          string // of the content
	plain, packed []byte
}

// Load returns the assets that are built in.
func Load() (*Assets, error) {
	text, err := dist.ReadFile("dist/assets.json")
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	names := map[string]string{}
	if err := json.Unmarshal(text, &names); err != nil {
		return nil, fmt.Errorf("ui: assets.json: %w", err)
	}
	a := &Assets{files: map[string]asset{}}
	for role, to := range map[string]*string{"app.js": &a.Script, "app.css": &a.Style, "theme.js": &a.Theme, "icon.svg": &a.Icon} {
		file, err := load(names[role])
		if err != nil {
			return nil, fmt.Errorf("ui: %s: %w", role, err)
		}
		*to = Prefix + names[role]
		a.files[*to] = file
	}
	return a, nil
}

func load(name string) (asset, error) {
	packed, err := dist.ReadFile("dist/" + name + ".gz")
	if err != nil {
		return asset{}, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return asset{}, err
	}
	plain, err := io.ReadAll(r)
	return asset{kind: types[path.Ext(name)], plain: plain, packed: packed}, err
}

// ServeHTTP answers with the asset that the path names. The method is the caller's concern.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := a.files[r.URL.Path]
	if !ok {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := file.plain
	if gzipped(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = file.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client is gone, which is its own affair
	}
}

// gzipped tells whether an Accept-Encoding takes gzip.
func gzipped(accept []string) bool {
	for coding := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			value, err := strconv.ParseFloat(q, 64)
			return !ok || err == nil && value > 0
		}
	}
	return false
}
