package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// schema is the part of JSON Schema that fleet.yaml needs, by which editors complete and check it.
// Source: https://json-schema.org/draft/2020-12/schema
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  *bool              `json:"additionalProperties,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	OneOf       []*schema          `json:"oneOf,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Not         *schema            `json:"not,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Default     any                `json:"default,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     *int               `json:"maximum,omitempty"`
	MinLength   *int               `json:"minLength,omitempty"`
	MaxLength   *int               `json:"maxLength,omitempty"`
	MinItems    *int               `json:"minItems,omitempty"`
	MaxItems    *int               `json:"maxItems,omitempty"`
	Unique      bool               `json:"uniqueItems,omitempty"`
}

// schemaOf returns the schema of fleet.yaml.
func schemaOf(all map[string]object, root string) ([]byte, error) {
	s, err := objectSchema(all, root)
	if err != nil {
		return nil, err
	}
	s.Dialect, s.Title, s.Description = "https://json-schema.org/draft/2020-12/schema", "fleet.yaml of Majordomo", "Which environments exist, and who is told about them."
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(s)
	return b.Bytes(), err
}

func objectSchema(all map[string]object, name string) (*schema, error) {
	closed := false
	s := &schema{Type: "object", Additional: &closed, Properties: map[string]*schema{}}
	for _, f := range all[name].fields {
		of, err := fieldSchema(all, f)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", name, f.name, err)
		}
		s.Properties[f.name] = of
		if _, required := f.markers["required"]; required {
			s.Required = append(s.Required, f.name)
		}
		if _, one := f.markers["oneOf"]; one {
			s.OneOf = append(s.OneOf, &schema{Required: []string{f.name}})
		}
	}
	return s, nil
}

func kindSchema(all map[string]object, k kind) (*schema, error) {
	switch k.name {
	case "text", "time", "duration":
		return &schema{Type: "string"}, nil
	case "whole":
		return &schema{Type: "integer"}, nil
	case "number":
		return &schema{Type: "number"}, nil
	case "truth":
		return &schema{Type: "boolean"}, nil
	case "object":
		return objectSchema(all, k.object)
	case "list":
		items, err := kindSchema(all, *k.of)
		return &schema{Type: "array", Items: items}, err
	}
	return nil, fmt.Errorf("no schema for %+v", k)
}

func fieldSchema(all map[string]object, f field) (*schema, error) {
	s, err := kindSchema(all, f.kind)
	if err != nil {
		return nil, err
	}
	s.Description = strings.ReplaceAll(f.doc, "`", "")
	numbers := map[string]**int{
		"minimum": &s.Minimum, "maximum": &s.Maximum, "minLength": &s.MinLength, "maxLength": &s.MaxLength, "minItems": &s.MinItems, "maxItems": &s.MaxItems,
	}
	for key, value := range f.markers {
		if to, ok := numbers[key]; ok {
			n, err := strconv.Atoi(value)
			if err != nil {
				return nil, fmt.Errorf("+%s: %w", key, err)
			}
			*to = &n
			continue
		}
		switch key {
		case "required", "oneOf":
		case "enum":
			of := s
			if s.Items != nil {
				of = s.Items
			}
			of.Enum = strings.Split(value, ",")
		case "default":
			s.Default = defaultValue(f.kind, value)
		case "pattern":
			s.Pattern = value
		case "items":
			s.Items.Pattern = value
		case "not":
			s.Not = &schema{Enum: strings.Split(value, ",")}
		case "unique":
			s.Unique = true
		default:
			return nil, fmt.Errorf("there is no marker +%s", key)
		}
	}
	return s, nil
}

// defaultValue returns the default as JSON has it.
func defaultValue(k kind, text string) any {
	switch k.name {
	case "whole":
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	case "list":
		return strings.Split(text, ",")
	}
	return text
}
