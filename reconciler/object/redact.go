package object

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

// Masked stands where a secret value was.
const Masked = "(sensitive)"

// secretKey matches names of fields that hold credentials wherever they stand: keys of ConfigMaps, names of environment variables.
var secretKey = regexp.MustCompile(`(?i)(passw(or)?d|passphrase|secret|token|api[-_.]?key|private[-_.]?key|credential)`)

// userinfo matches the user and password of a URL.
var userinfo = regexp.MustCompile(`(\b[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s:@]*(:[^/\s@]*)?@`)

// secretAt tells whether the value at path of an object of this kind may be a secret. It is the one rule: diffs, plans, events and
// errors all go by it. A copy of the whole object in an annotation counts, whatever the kind.
func secretAt(id ID, path []string) bool {
	if len(path) == 0 {
		return false
	}
	if len(path) >= 3 && path[0] == "metadata" && path[1] == "annotations" {
		return path[2] == LastApplied || secretKey.MatchString(path[2])
	}
	if path[0] == "data" || path[0] == "stringData" || path[0] == "binaryData" {
		return id.Kind == "Secret" || len(path) > 1 && secretKey.MatchString(path[1])
	}
	return false
}

// Redact returns a copy of the object in which every value that may be a secret is Masked. Whatever shows an object to a person shows this copy.
func Redact(o Object) Object {
	c := o.Clone()
	mask(o.ID(), nil, map[string]any(c))
	return c
}

func mask(id ID, path []string, v any) any {
	if secretAt(id, path) {
		if m, ok := v.(map[string]any); ok {
			for k := range m {
				m[k] = Masked
			}
			return m
		}
		return Masked
	}
	switch v := v.(type) {
	case map[string]any:
		named, _ := v["name"].(string)
		for k, e := range v {
			if k == "value" && secretKey.MatchString(named) {
				v[k] = Masked
				continue
			}
			v[k] = mask(id, append(path[:len(path):len(path)], k), e)
		}
	case []any:
		for i, e := range v {
			v[i] = mask(id, append(path[:len(path):len(path)], "-"), e)
		}
	case string:
		return RedactURL(v)
	}
	return v
}

// RedactURL masks user and password in every URL of a text.
func RedactURL(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	return userinfo.ReplaceAllString(text, "${1}REDACTED@")
}

// RedactText masks in a text, such as an error of the API server, every secret value that one of the objects has, as it stands and decoded from base64.
func RedactText(text string, objects ...Object) string {
	for _, o := range objects {
		for _, s := range secrets(o.ID(), nil, map[string]any(o)) {
			text = strings.ReplaceAll(text, s, Masked)
		}
	}
	return RedactURL(text)
}

// secrets lists the secret strings of a value, with those of base64 also decoded. Very short ones are left: they would mask half the text and protect nothing.
func secrets(id ID, path []string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		named, _ := v["name"].(string)
		for k, e := range v {
			if s, ok := e.(string); ok && k == "value" && secretKey.MatchString(named) {
				out = append(out, decodings(s)...)
				continue
			}
			out = append(out, secrets(id, append(path[:len(path):len(path)], k), e)...)
		}
	case []any:
		for _, e := range v {
			out = append(out, secrets(id, append(path[:len(path):len(path)], "-"), e)...)
		}
	case string:
		if secretAt(id, path) {
			out = decodings(v)
		}
	case int64, float64: // a Secret with a number is invalid, and its error says so with the number
		if secretAt(id, path) {
			out = decodings(fmt.Sprint(v))
		}
	}
	return out
}

func decodings(s string) []string {
	const shortest = 4
	var out []string
	if raw, err := base64.StdEncoding.DecodeString(s); err == nil && len(raw) >= shortest {
		out = append(out, string(raw))
	}
	if len(s) >= shortest {
		out = append(out, s, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	return out
}
