// Command bundle makes the assets of the page from their sources: go run ./reconciler/web/ui/bundle, or make ui.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

func main() {
	dir := flag.String("dir", "reconciler/web/ui", "folder with src and vendor; dist in it is written anew")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	made, err := bundle(dir)
	if err != nil {
		return err
	}
	dist := filepath.Join(dir, "dist")
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	names, total := map[string]string{}, 0
	for name, text := range made {
		packed, err := pack(text)
		if err != nil {
			return err
		}
		names[name] = hashed(name, text)
		total += len(packed)
		if err := os.WriteFile(filepath.Join(dist, names[name]+".gz"), packed, 0o644); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(names, "", "  ")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%d bytes in all, compressed\n", total)
	return os.WriteFile(filepath.Join(dist, "assets.json"), append(text, '\n'), 0o644)
}

func pack(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
