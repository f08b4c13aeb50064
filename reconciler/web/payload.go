package web

import (
	"encoding/json"
	"strings"
)

// fields is a JSON object of which only the outermost level is read. What is not of the expected type counts as absent; a sender's
// payload never makes anything else of it.
type fields map[string]json.RawMessage

// readFields reads a whole body. Anything but one JSON object is nil.
func readFields(b []byte) fields {
	var f fields
	if json.Unmarshal(b, &f) != nil {
		return nil
	}
	return f
}

// below returns the object at the path, nil if there is none.
func (f fields) below(path ...string) fields {
	for _, name := range path {
		f = readFields(f[name])
	}
	return f
}

// text returns the string at the path, "" if there is none.
func (f fields) text(path ...string) string {
	last := len(path) - 1
	var s string
	if json.Unmarshal(f.below(path[:last]...)[path[last]], &s) != nil {
		return ""
	}
	return s
}

// list returns the objects in the list at the path.
func (f fields) list(path ...string) []fields {
	last := len(path) - 1
	var raw []json.RawMessage
	if json.Unmarshal(f.below(path[:last]...)[path[last]], &raw) != nil {
		return nil
	}
	var out []fields
	for _, r := range raw {
		if e := readFields(r); e != nil {
			out = append(out, e)
		}
	}
	return out
}

// texts returns the strings at these names that are not empty.
func (f fields) texts(names ...string) []string {
	var out []string
	for _, n := range names {
		if s := f.text(n); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// event is what a delivery says, whoever sent it.
type event struct {
	kind         kind
	moved        []string // refs that have a new commit
	gone         []string // refs that were deleted
	repositories []string // URLs by which the sender calls the repository
}

type kind int

const (
	other kind = iota
	push
	ping
)

// ref adds a ref that moved to a commit, or was deleted where the commit is all zeros.
func (e *event) ref(name, commit string) {
	if name == "" {
		return
	}
	if commit != "" && strings.Trim(commit, "0") == "" {
		e.gone = append(e.gone, name)
		return
	}
	e.moved = append(e.moved, name)
}
