package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
)

// budget is what a page may load in all, compressed: 60 KB, less what the headers of four answers take.
const budget = 60<<10 - 4*600

func loaded(t *testing.T) *Assets {
	t.Helper()
	a, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t *testing.T, a *Assets, method, path, accept string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://majordomo.example"+path, nil)
	if accept != "" {
		r.Header.Set("Accept-Encoding", accept)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAPageLoadsAtMostSixtyKilobytes(t *testing.T) {
	total := 0
	for _, file := range loaded(t).files {
		total += len(file.packed)
	}
	if total > budget {
		t.Errorf("the assets have %d bytes compressed, at most %d are allowed", total, budget)
	}
}

func TestAssets(t *testing.T) {
	a := loaded(t)
	for path, kind := range map[string]string{
		a.Script: "text/javascript; charset=utf-8", a.Theme: "text/javascript; charset=utf-8", a.Style: "text/css; charset=utf-8", a.Icon: "image/svg+xml",
	} {
		t.Run(path, func(t *testing.T) {
			if !regexp.MustCompile(`^/assets/[a-z]+-[0-9a-f]{12}\.(js|css|svg)$`).MatchString(path) {
				t.Errorf("path %q has no hash", path)
			}
			plain, packed := get(t, a, http.MethodGet, path, ""), get(t, a, http.MethodGet, path, "br, gzip;q=0.8")
			for name, want := range map[string]string{
				"Content-Type": kind, "Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding", "Content-Encoding": "gzip",
			} {
				if got := packed.Header.Get(name); got != want {
					t.Errorf("header %s = %q, want %q", name, got, want)
				}
			}
			if got := plain.Header.Get("Content-Encoding"); got != "" {
				t.Errorf("without Accept-Encoding, Content-Encoding = %q, want none", got)
			}
			r, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if text := body(t, plain); len(text) == 0 || !bytes.Equal(text, unpacked) {
				t.Errorf("plain has %d bytes, unpacked %d, want the same text", len(text), len(unpacked))
			}
			if text := body(t, get(t, a, http.MethodHead, path, "")); len(text) != 0 {
				t.Errorf("HEAD has a body of %d bytes, want none", len(text))
			}
		})
	}
}

func TestWhatIsNoAssetIsNotFound(t *testing.T) {
	a := loaded(t)
	for _, path := range []string{"/assets/", "/assets/app.js", "/assets/assets.json", "/assets/../ui.go", "/assets/%2e%2e/ui.go", "/assets/app-000000000000.js", a.Script + ".gz", a.Script + "/"} {
		if got := get(t, a, http.MethodGet, path, "gzip"); got.StatusCode != http.StatusNotFound || got.Header.Get("Cache-Control") != "" {
			t.Errorf("%s: status %d, Cache-Control %q, want 404 that nobody keeps", path, got.StatusCode, got.Header.Get("Cache-Control"))
		}
	}
}

func TestGzipIsSentToThoseWhoTakeIt(t *testing.T) {
	for accept, want := range map[string]bool{
		"gzip": true, "GZIP": true, "br, gzip": true, "gzip;q=0.5": true, "gzip; q=1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "identity": false, "x-gzip": false, "gzip;q=many": false,
	} {
		if got := gzipped([]string{accept}); got != want {
			t.Errorf("gzipped(%q) = %v, want %v", accept, got, want)
		}
	}
}
