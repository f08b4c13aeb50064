package main

import (
	"fmt"
	"slices"
	"strings"
)

// validation is the document that `majordomo validate -o json` prints.
type validation struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Errors     int       `json:"errors"`
	Warnings   int       `json:"warnings"`
	Findings   []finding `json:"findings"`
}

// report prints findings.
func (a *app) report(o *output, r *repository, found []finding) error {
	errs, warnings := count(found, severityError), count(found, severityWarning)
	switch o.form {
	case asJSON:
		return a.json(validation{apiVersion, "Validation", errs, warnings, append([]finding{}, found...)}, "  ")
	case asSARIF:
		return a.json(sarif(found), "  ")
	case asGitHub:
		for _, f := range found {
			a.printf("%s\n", annotation(f))
		}
	default:
		for _, f := range found {
			a.printf("%s\n", oneLine(f.String()))
		}
	}
	if len(found) == 0 {
		a.done("%s: no findings", r.at)
		return nil
	}
	a.warn("%s: %s, %s", r.at, plural(errs, "error", "errors"), plural(warnings, "warning", "warnings"))
	return nil
}

// annotation is a finding as a workflow command of GitHub.
// Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func annotation(f finding) string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var at []string
	if f.File != "" {
		at = append(at, "file="+property.Replace(safe(f.File)))
	}
	if f.Line > 0 {
		at = append(at, fmt.Sprintf("line=%d", f.Line))
	}
	at = append(at, "title="+property.Replace(f.Rule))
	text := f.Message
	for _, part := range []string{f.Field, f.Object} {
		if part != "" {
			text = part + ": " + text
		}
	}
	return fmt.Sprintf("::%s %s::%s", f.Severity, strings.Join(at, ","), data.Replace(safe(text)))
}

// sarif is the findings in the Static Analysis Results Interchange Format 2.1.0, as far as code scanning reads it.
func sarif(found []finding) map[string]any {
	known := rules()
	var ids []string
	results := []any{}
	for _, f := range found {
		if !slices.Contains(ids, f.Rule) {
			ids = append(ids, f.Rule)
		}
		result := map[string]any{"ruleId": f.Rule, "level": f.Severity, "message": map[string]any{"text": textOf(f)}}
		if f.File != "" {
			physical := map[string]any{"artifactLocation": map[string]any{"uri": f.File, "uriBaseId": "%SRCROOT%"}}
			if f.Line > 0 {
				physical["region"] = map[string]any{"startLine": f.Line}
			}
			result["locations"] = []any{map[string]any{"physicalLocation": physical}}
		}
		results = append(results, result)
	}
	slices.Sort(ids)
	list := []any{}
	for _, id := range ids {
		list = append(list, map[string]any{"id": id, "shortDescription": map[string]any{"text": known[id]}})
	}
	return map[string]any{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []any{map[string]any{"tool": map[string]any{"driver": map[string]any{"name": "majordomo", "rules": list}}, "results": results}},
	}
}

// textOf is a finding's message with what it is about, but without its place.
func textOf(f finding) string {
	f.File, f.Line = "", 0
	return strings.TrimPrefix(f.String(), f.Severity+": ")
}
