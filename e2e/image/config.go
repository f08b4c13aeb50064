package main

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// configOf says how the image runs: as nobody, with the program as the command. Labels are those of the OCI image specification.
func configOf(o options, image v1.Image, p *v1.Platform) (*v1.ConfigFile, error) {
	c, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	c = c.DeepCopy()
	c.OS, c.Architecture, c.Created = p.OS, p.Architecture, v1.Time{Time: o.commit.time}
	for i := range c.History {
		c.History[i].Created = c.Created
	}
	c.Config = v1.Config{
		User: nonroot + ":" + nonroot, Entrypoint: []string{"/majordomo"}, WorkingDir: "/",
		Env: []string{"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		Labels: map[string]string{
			"org.opencontainers.image.title":    "majordomo",
			"org.opencontainers.image.revision": o.commit.hash,
			"org.opencontainers.image.created":  o.commit.time.Format("2006-01-02T15:04:05Z"),
		},
	}
	return c, nil
}

// describe returns the descriptor of an image.
func describe(image v1.Image) (v1.Descriptor, error) {
	digest, err := image.Digest()
	if err != nil {
		return v1.Descriptor{}, err
	}
	size, err := image.Size()
	if err != nil {
		return v1.Descriptor{}, err
	}
	return v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: size}, nil
}

// about attaches a list to the image that it is about, as a referrer: registries show it beside the image.
func about(list []byte, subject v1.Descriptor) (v1.Image, error) {
	a := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), spdxType)
	a, err := mutate.AppendLayers(a, static.NewLayer(list, spdxType))
	if err != nil {
		return nil, err
	}
	subject.Platform = nil
	out, _ := mutate.Subject(a, subject).(v1.Image)
	return out, nil
}
