package telemetry

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"majordomo.dev/reconciler/secret"
)

var field = regexp.MustCompile("^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\\x21-\\x7e][\\x20-\\x7e]*)$")

// Header reads header fields, one a line, as NAME: VALUE. Errors do not repeat what may be a secret.
func Header(text secret.String) (http.Header, error) {
	h := http.Header{}
	n := 0
	for line := range strings.Lines(text.Reveal()) {
		n++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		m := field.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("line %d is no header field; allowed is NAME: VALUE", n)
		}
		h.Add(m[1], m[2])
	}
	return h, nil
}
