package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// User and group of the process, which owns nothing in the image.
const nonroot = "65532"

// file is one file of a layer. Everything is root's, and nobody's to write.
type file struct {
	name string
	mode int64
	data []byte
}

// rootFiles are what a program needs beside itself: who it is, and which certificates of the public web it believes (those of Mozilla).
func rootFiles() []file {
	var certificates bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&certificates, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory
		}
	}
	return []file{
		{"etc/passwd", 0o444, []byte("root:x:0:0::/:/sbin/nologin\nnonroot:x:" + nonroot + ":" + nonroot + "::/home/nonroot:/sbin/nologin\n")},
		{"etc/group", 0o444, []byte("root:x:0:\nnonroot:x:" + nonroot + ":\n")},
		{"etc/ssl/certs/ca-certificates.crt", 0o444, certificates.Bytes()},
	}
}

// layerOf packs files and the directories above them, in this order and with one time.
func layerOf(files []file, at time.Time) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	made := map[string]bool{}
	for _, f := range files {
		for i, c := range f.name {
			if dir := f.name[:i]; c == '/' && !made[dir] {
				made[dir] = true
				if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o555, ModTime: at, Format: tar.FormatPAX}); err != nil {
					return nil, err
				}
			}
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: at, Format: tar.FormatPAX}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
}
