package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const spdxType = types.MediaType("application/spdx+json")

// build writes the layout, the archives and the lists, and returns the digest of the index. What was in the directory before goes only when
// everything is built.
func build(ctx context.Context, o options) (string, error) {
	tag, err := name.NewTag(o.tag, name.StrictValidation)
	if err != nil {
		return "", fmt.Errorf("--tag: %w", err)
	}
	work := o.out + ".new"
	if err := os.RemoveAll(work); err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.MkdirAll(work, 0o755); err != nil {
		return "", err
	}
	index := mutate.IndexMediaType(v1.ImageIndex(empty.Index), types.OCIImageIndex)
	for _, platform := range o.platforms {
		if index, err = add(ctx, o, tag, index, platform, work); err != nil {
			return "", err
		}
	}
	if _, err := layout.Write(work, index); err != nil {
		return "", err
	}
	if err := os.RemoveAll(o.out); err != nil {
		return "", err
	}
	digest, err := index.Digest()
	if err != nil {
		return "", err
	}
	return digest.String(), os.Rename(work, o.out)
}

// add builds the image of one platform, and puts it into the index with the list of what it is made of.
func add(ctx context.Context, o options, tag name.Tag, index v1.ImageIndex, platform, dir string) (v1.ImageIndex, error) {
	base := filepath.Join(dir, "majordomo-"+strings.ReplaceAll(platform, "/", "-"))
	program, info, err := compile(ctx, o, platform, base)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(base); err != nil {
		return nil, err
	}
	list, err := sbom(info, o.commit, platform)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(base+".spdx.json", list, 0o644); err != nil { //nolint:gosec // for everybody to read
		return nil, err
	}
	terms, err := licences(ctx, o.source, info)
	if err != nil {
		return nil, err
	}
	image, err := imageOf(o, platform, program, terms)
	if err != nil {
		return nil, err
	}
	if err := tarball.WriteToFile(base+".tar", tag, image); err != nil {
		return nil, err
	}
	described, err := describe(image)
	if err != nil {
		return nil, err
	}
	described.Platform = platformOf(platform)
	referrer, err := about(list, described)
	if err != nil {
		return nil, err
	}
	return mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: described}, mutate.IndexAddendum{Add: referrer}), nil
}

// imageOf puts the program, what it needs and the licences of its parts into an image.
func imageOf(o options, platform string, program []byte, terms []file) (v1.Image, error) {
	below, err := layerOf(append(rootFiles(), terms...), o.commit.time)
	if err != nil {
		return nil, err
	}
	top, err := layerOf([]file{{"majordomo", 0o555, program}}, o.commit.time)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), below, top)
	if err != nil {
		return nil, err
	}
	config, err := configOf(o, image, platformOf(platform))
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, config)
}

func platformOf(text string) *v1.Platform {
	system, arch, _ := strings.Cut(text, "/")
	return &v1.Platform{OS: system, Architecture: arch}
}
