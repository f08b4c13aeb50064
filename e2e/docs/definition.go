package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"majordomo.dev/manifests/crds"
	"majordomo.dev/reconciler/manual"
)

// property is a field as the definition of a kind has it.
type property struct {
	Description string               `json:"description"`
	Type        string               `json:"type"`
	Properties  map[string]*property `json:"properties"`
	Required    []string             `json:"required"`
	Items       *property            `json:"items"`
	Default     any                  `json:"default"`
	Enum        []string             `json:"enum"`
	Minimum     *int64               `json:"minimum"`
	Maximum     *int64               `json:"maximum"`
	MinItems    *int64               `json:"minItems"`
	MaxItems    *int64               `json:"maxItems"`
	Rules       []struct {
		Message string `json:"message"`
	} `json:"x-kubernetes-validations"`
}

// definition reads the definition of a kind, from the file that is installed.
func definition(file string) (*property, error) {
	data, err := crds.Files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					Schema *property `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &crd); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(crd.Spec.Versions) != 1 {
		return nil, fmt.Errorf("%s: %d versions, want one", file, len(crd.Spec.Versions))
	}
	return crd.Spec.Versions[0].Schema.Schema, nil
}

// inner is what a list holds, the property itself otherwise.
func (p *property) inner() *property {
	if p != nil && p.Items != nil {
		return p.Items
	}
	return p
}

// bounds says what the definition allows.
func (p *property) bounds() string {
	of := p.inner()
	switch {
	case len(of.Enum) > 0:
		values := make([]string, len(of.Enum))
		for i, v := range of.Enum {
			values[i] = manual.Code(v)
		}
		return "Allowed: " + strings.Join(values, ", ")
	case p.Minimum != nil && p.Maximum != nil && *p.Maximum < 1<<31-1:
		return fmt.Sprintf("Allowed: %d to %d", *p.Minimum, *p.Maximum)
	case p.Minimum != nil:
		return fmt.Sprintf("Allowed: %d and more", *p.Minimum)
	case p.MaxItems != nil:
		return fmt.Sprintf("Up to %d elements", *p.MaxItems)
	case len(p.Rules) == 1:
		return p.Rules[0].Message
	}
	return ""
}

// disagreements names each field that only one of an object of Go and the definition has.
func disagreements(all map[string]object, name string, p *property, path string) []string {
	var out []string
	known := map[string]bool{}
	for _, f := range all[name].fields {
		at := path + "." + f.name
		known[f.name] = true
		q := p.Properties[f.name]
		if q == nil {
			out = append(out, at+" is a field of the program, but not of the definition")
			continue
		}
		k := f.kind
		if k.name == "list" {
			k, q = *k.of, q.inner()
		}
		if k.object != "" {
			out = append(out, disagreements(all, k.object, q, at)...)
		}
	}
	for field := range p.Properties {
		if !known[field] {
			out = append(out, path+"."+field+" is a field of the definition, but not of the program")
		}
	}
	slices.Sort(out)
	return out
}

// described returns the objects that a definition describes, for a part of a kind that the program has no type for.
func described(all map[string]object, name string, p *property) map[string]object {
	o := object{}
	for _, field := range slices.Sorted(maps.Keys(p.Properties)) {
		o.fields = append(o.fields, describedField(all, name+"."+field, field, p.Properties[field]))
	}
	all[name] = o
	return all
}

func describedField(all map[string]object, path, name string, p *property) field {
	types := map[string]string{"string": "text", "integer": "whole", "boolean": "truth", "object": "object", "array": "list"}
	f := field{name: name, doc: sentence(p.Description), kind: kind{name: types[p.Type]}}
	switch p.Type {
	case "object":
		f.kind.object = path
		described(all, path, p)
	case "array":
		f.kind.of = &kind{name: types[p.Items.Type]}
	}
	return f
}
