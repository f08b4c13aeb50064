package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// finding is one thing that is wrong, or doubtful, with a config repository.
type finding struct {
	Severity    string `json:"severity"` // error or warning
	Rule        string `json:"rule"`
	File        string `json:"file,omitempty"` // from the root of the repository
	Line        int    `json:"line,omitempty"`
	Field       string `json:"field,omitempty"`
	Object      string `json:"object,omitempty"`
	Environment string `json:"environment,omitempty"`
	Message     string `json:"message"`

	id object.ID // of Object
}

const (
	severityError   = "error"
	severityWarning = "warning"
)

// Rules that findings name.
const (
	ruleFleet     = "fleet"
	ruleRender    = "render"
	ruleBounds    = "bounds"
	ruleClaimed   = "claimed-twice"
	ruleWarning   = "kustomization"
	ruleImage     = "image-not-pinned"
	ruleReplicas  = "replicas-of-pool"
	rulePool      = "agent-pool"
	ruleDirectory = "directory"
)

// rules says in a sentence what each rule asks for.
func rules() map[string]string {
	return map[string]string{
		ruleFleet:     "fleet.yaml is valid",
		ruleRender:    "every overlay renders",
		ruleBounds:    "an environment's objects are within its namespaces and kinds",
		ruleClaimed:   "an object belongs to one environment of its cluster",
		ruleWarning:   "kustomizations use what is current, and hold no secrets",
		ruleImage:     "images are pinned to a version or digest",
		rulePool:      "AgentPools make sense, and nothing else scales or replaces their agents",
		ruleReplicas:  "Git leaves the replicas of pools to the fleet",
		ruleDirectory: "the directory holds a config repository or a kustomization",
	}
}

// String gives "file:line: severity: field: message".
func (f finding) String() string {
	var b strings.Builder
	switch {
	case f.File != "" && f.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", f.File, f.Line)
	case f.File != "":
		b.WriteString(f.File + ": ")
	}
	b.WriteString(f.Severity + ": ")
	if f.File == "" && f.Environment != "" {
		b.WriteString("environment " + f.Environment + ": ")
	}
	for _, part := range []string{f.Object, f.Field} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String() + f.Message
}

// sortFindings brings findings into the order of files and lines, and drops what several environments have in common.
func sortFindings(list []finding) []finding {
	slices.SortStableFunc(list, func(a, b finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Object, b.Object),
			strings.Compare(a.Field, b.Field), strings.Compare(a.Message, b.Message), strings.Compare(a.Environment, b.Environment))
	})
	return slices.CompactFunc(list, func(a, b finding) bool {
		if a.File == "" {
			return a == b
		}
		return a.File == b.File && a.Line == b.Line && a.Field == b.Field && a.Object == b.Object && a.Message == b.Message
	})
}

// findings takes an error apart into the single problems that it joins, each with its place.
func findings(err error, severity, rule, env string) []finding {
	if err == nil {
		return nil
	}
	f := finding{Severity: severity, Rule: rule, Environment: env}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []finding
		for _, e := range joined.Unwrap() {
			out = append(out, findings(e, severity, rule, env)...)
		}
		return out
	}
	if e, ok := err.(*yaml.Error); ok { //nolint:errorlint // the error itself; what it wraps comes below
		f.File, f.Line, f.Field, f.Message = e.File, e.Line, e.Field, e.Problem
		return []finding{f}
	}
	if below := findings(errors.Unwrap(err), severity, rule, env); len(below) > 0 && placed(below) {
		return below
	}
	var inCommit *git.Error
	var inFiles *fs.PathError
	f.Message = err.Error()
	switch {
	case errors.As(err, &inCommit):
		f.File = inCommit.Path
	case errors.As(err, &inFiles):
		f.File = inFiles.Path
	default:
		f.File, f.Line, f.Message = place(f.Message)
	}
	return []finding{f}
}

func placed(list []finding) bool {
	return len(list) > 1 || list[0].File != ""
}

var placeInText = regexp.MustCompile(`^([^\s:]+\.[^\s:/]+):(?:(\d+):)? (.+)$`)

// place splits "file:line: text".
func place(text string) (file string, line int, rest string) {
	m := placeInText.FindStringSubmatch(text)
	if m == nil {
		return "", 0, text
	}
	line, _ = strconv.Atoi(m[2])
	return m[1], line, m[3]
}
