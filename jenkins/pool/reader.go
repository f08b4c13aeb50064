package pool

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// unknown begins the text of a problem with a field that is not there.
const unknown = "is unknown"

// reader gathers the problems with an object.
type reader struct {
	strict   bool // unknown fields are problems
	problems []error
}

// fields are the fields of one object within the object.
type fields struct {
	r    *reader
	path string
	m    map[string]any
}

func (r *reader) problem(field, format string, args ...any) {
	r.problems = append(r.problems, &Problem{Field: field, Text: fmt.Sprintf(format, args...)})
}

func (r *reader) sub(m map[string]any, path, key string, required bool) fields {
	at := key
	if path != "" {
		at = path + "." + key
	}
	v, there := m[key]
	f := fields{r: r, path: at}
	switch of, ok := v.(map[string]any); {
	case ok:
		f.m = of
	case there && v != nil:
		r.problem(at, "is %s, want fields", kindOf(v))
	case required:
		r.problem(at, "is missing")
	}
	return f
}

func (f fields) at(key string) string { return f.path + "." + key }

func (f fields) has(key string) bool { return f.m[key] != nil }

func (f fields) sub(key string, required bool) fields {
	return f.r.sub(f.m, f.path, key, required && f.m != nil)
}

// only names all fields that there may be.
func (f fields) only(names ...string) {
	if !f.r.strict {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(f.m)) {
		if slices.Contains(names, key) {
			continue
		}
		text := unknown
		if near := nearest(key, names); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		f.r.problem(f.at(key), "%s", text)
	}
}

func (f fields) text(key string) string { return f.textOr(key, "") }

func (f fields) textOr(key, otherwise string) string {
	switch v := f.m[key].(type) {
	case nil:
		return otherwise
	case string:
		return v
	default:
		f.r.problem(f.at(key), "is %s, want a text; put it in quotes", kindOf(v))
		return otherwise
	}
}

func (f fields) required(key string) string {
	v := f.text(key)
	if f.m != nil && (!f.has(key) || f.m[key] == "") {
		f.r.problem(f.at(key), "is missing")
	}
	return v
}

func (f fields) number(key string, otherwise int) int {
	v := f.m[key]
	if v == nil {
		return otherwise
	}
	n, ok := whole(v)
	if !ok {
		f.r.problem(f.at(key), "is %s, want a whole number", kindOf(v))
		return otherwise
	}
	return n
}

func (f fields) requiredNumber(key string) int {
	if f.m != nil && !f.has(key) {
		f.r.problem(f.at(key), "is missing")
	}
	return f.number(key, 0)
}

func (f fields) duration(key string, otherwise Duration) Duration {
	text := f.text(key)
	if text == "" {
		return otherwise
	}
	d, err := ParseDuration(text)
	if err != nil {
		f.r.problem(f.at(key), "%v", err)
		return otherwise
	}
	return d
}

func (f fields) priority(key string) Priority {
	v := f.m[key]
	if v == nil {
		return Balanced
	}
	text, ok := v.(string)
	if x, number := float(v); number {
		text, ok = strconv.FormatFloat(x, 'f', -1, 64), true
	}
	p, err := ParsePriority(text)
	switch {
	case !ok:
		f.r.problem(f.at(key), "is %s: %v", kindOf(v), errPriority)
	case err != nil:
		f.r.problem(f.at(key), "%v", err)
	default:
		return p
	}
	return Balanced
}

// list reads a list of texts.
func (f fields) list(key string) []string {
	all, _ := f.m[key].([]any)
	if f.m != nil && f.m[key] == nil {
		f.r.problem(f.at(key), "is missing")
	} else if f.m != nil && all == nil {
		f.r.problem(f.at(key), "is %s, want a list", kindOf(f.m[key]))
	}
	var texts []string
	for i, v := range all {
		text, ok := v.(string)
		if !ok {
			f.r.problem(fmt.Sprintf("%s[%d]", f.at(key), i), "is %s, want a text; put it in quotes", kindOf(v))
			continue
		}
		texts = append(texts, text)
	}
	return texts
}

// elements reads a list of objects.
func (f fields) elements(key string) []fields {
	v := f.m[key]
	list, ok := v.([]any)
	if v != nil && !ok {
		f.r.problem(f.at(key), "is %s, want a list", kindOf(v))
	}
	var all []fields
	for i, v := range list {
		e := fields{r: f.r, path: fmt.Sprintf("%s[%d]", f.at(key), i)}
		if e.m, ok = v.(map[string]any); !ok {
			f.r.problem(e.path, "is %s, want fields", kindOf(v))
			continue
		}
		all = append(all, e)
	}
	return all
}

// reference reads the name of a Secret.
func (f fields) reference(key string, required bool) string {
	sub := f.sub(key, required)
	sub.only("name")
	return sub.required("name")
}

// texts reads an object whose fields are texts.
func (f fields) texts(key string) map[string]string {
	m, _ := f.m[key].(map[string]any)
	texts := make(map[string]string, len(m))
	for k, v := range m {
		texts[k], _ = v.(string)
	}
	return texts
}

// float reads a number of whichever kind a decoder makes of one.
func float(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		x, err := n.Float64()
		return x, err == nil
	}
	return 0, false
}

func whole(v any) (int, bool) {
	x, ok := float(v)
	if !ok || x != math.Trunc(x) || math.Abs(x) > math.MaxInt32 {
		return 0, false
	}
	return int(x), true
}

// kindOf describes a value of the wrong kind.
func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the text %q", v)
	case bool:
		return fmt.Sprint(v)
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case nil:
		return "null"
	}
	return fmt.Sprint(v)
}

// nearest returns the name that is a slip or two away, "" if there is none.
func nearest(name string, names []string) string {
	best, far := "", 3
	for _, n := range names {
		if d := distance(name, n); d < far && d < len(n)/2+1 {
			best, far = n, d
		}
	}
	return best
}

// distance counts the characters to insert, remove or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			same := before
			if a[i] != b[j] {
				same++
			}
			before = row[j+1]
			row[j+1] = min(same, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
