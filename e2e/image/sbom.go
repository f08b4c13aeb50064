package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// The parts of SPDX 2.3 that say which modules a program was made of.
// Source: https://spdx.github.io/spdx-spec/v2.3/
type (
	spdx struct {
		Version       string         `json:"spdxVersion"`
		License       string         `json:"dataLicense"`
		ID            string         `json:"SPDXID"`
		Name          string         `json:"name"`
		Namespace     string         `json:"documentNamespace"`
		Created       spdxCreation   `json:"creationInfo"`
		Packages      []spdxPackage  `json:"packages"`
		Relationships []spdxRelation `json:"relationships"`
	}
	spdxCreation struct {
		Time     string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		ID        string         `json:"SPDXID"`
		Name      string         `json:"name"`
		Version   string         `json:"versionInfo,omitempty"`
		Location  string         `json:"downloadLocation"`
		Analyzed  bool           `json:"filesAnalyzed"`
		Concluded string         `json:"licenseConcluded"`
		Declared  string         `json:"licenseDeclared"`
		Copyright string         `json:"copyrightText"`
		Checksums []spdxChecksum `json:"checksums,omitempty"`
		Refs      []spdxRef      `json:"externalRefs,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxRef struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelation struct {
		From string `json:"spdxElementId"`
		Kind string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

// sbom lists the modules that a program was made of, as the program itself tells.
func sbom(info *buildinfo.BuildInfo, c commit, platform string) ([]byte, error) {
	const root = "SPDXRef-majordomo"
	doc := spdx{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: "majordomo " + platform,
		Namespace:     fmt.Sprintf("https://majordomo.dev/spdx/%s/%s", c.hash, platform),
		Created:       spdxCreation{Time: c.time.Format(time.RFC3339), Creators: []string{"Tool: majordomo-image"}},
		Packages:      []spdxPackage{module(root, info.Main.Path, c.hash)},
		Relationships: []spdxRelation{{"SPDXRef-DOCUMENT", "DESCRIBES", root}},
	}
	parts := []spdxPackage{module("SPDXRef-go", "stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
	for i, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		p := module(fmt.Sprintf("SPDXRef-%d", i+1), m.Path, m.Version)
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) > 0 {
			p.Checksums = []spdxChecksum{{"SHA256", hex.EncodeToString(sum)}} // of the module's files, as go.sum has it
		}
		parts = append(parts, p)
	}
	for _, p := range parts {
		doc.Packages = append(doc.Packages, p)
		doc.Relationships = append(doc.Relationships, spdxRelation{root, "DEPENDS_ON", p.ID})
	}
	return json.MarshalIndent(doc, "", " ")
}

func module(id, path, version string) spdxPackage {
	const unknown = "NOASSERTION"
	return spdxPackage{
		ID: id, Name: path, Version: version, Location: unknown, Concluded: unknown, Declared: unknown, Copyright: unknown,
		Refs: []spdxRef{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + path + "@" + version}},
	}
}
