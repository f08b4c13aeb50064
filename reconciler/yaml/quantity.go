package yaml

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"k8s.io/apimachinery/pkg/api/resource"
)

// values visits every value of an object: texts for characters that deceive the eye, quantities and durations where their place
// tells that they are such.
func (c *check) values(v any, at *place) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			below := at.field(k)
			c.deceptive(k, below)
			switch {
			case c.holdsQuantities(k, at):
				c.quantities(e, below)
			case k == "name":
				c.homoglyphs(e, below)
			case k == "sizeLimit" && c.builtIn():
				c.quantity(e, below)
			case c.id.Group == "majordomo.dev" && slices.Contains(durations, k):
				c.duration(e, below)
			}
			c.values(e, below)
		}
	case []any:
		for i, e := range v {
			c.values(e, at.element(i))
		}
	case string:
		c.deceptive(v, at)
	}
}

// builtIn tells whether the kind is one of Kubernetes itself; fields of others may be called anything.
func (c *check) builtIn() bool {
	return !strings.Contains(c.id.Group, ".") || strings.HasSuffix(c.id.Group, ".k8s.io")
}

// holdsQuantities tells whether the field key in at is a map of quantities.
func (c *check) holdsQuantities(key string, at *place) bool {
	if !c.builtIn() || at == nil || c.id.Kind == "CustomResourceDefinition" || c.id.Kind == "ConfigMap" {
		return false
	}
	switch key {
	case "requests", "limits":
		return at.key == "resources"
	case "capacity", "hard":
		return at.key == "spec" && at.up == nil
	}
	return false
}

func (c *check) quantities(v any, at *place) {
	m, ok := v.(map[string]any)
	if !ok {
		if v != nil {
			c.fail(at.String(), "is %s; allowed is a map of quantities", typeName(v))
		}
		return
	}
	for k, e := range m {
		c.quantity(e, at.field(k))
	}
}

// maxQuantity is what the server counts to: 2^63-1.
const maxQuantity = "9223372036854775807"

func (c *check) quantity(v any, at *place) {
	if v == nil {
		return
	}
	text := fmt.Sprint(v)
	q, err := resource.ParseQuantity(text)
	most := resource.MustParse(maxQuantity)
	if err != nil || q.Sign() < 0 || q.Cmp(most) >= 0 {
		c.fail(at.String(), "%s is no quantity; allowed are numbers from 0 with a unit, such as 500m, 2, 512Mi, 10Gi", shorten(text))
	}
}

// durations are the fields of majordomo's own kinds that say how long.
var durations = []string{"age", "duration", "interval", "period", "timeout"}

const maxDuration = 366 * 24 * time.Hour

func (c *check) duration(v any, at *place) {
	text, ok := v.(string)
	d, err := time.ParseDuration(text)
	if !ok || err != nil || d <= 0 || d > maxDuration {
		c.fail(at.String(), "%s is no duration; allowed are 1s to 8784h with units h, m and s, such as 90s, 10m, 1h30m", shorten(fmt.Sprint(v)))
	}
}

func shorten(text string) string {
	const longest = 40
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	return fmt.Sprintf("%q", text)
}

// deceptive warns of characters that a reader of a diff does not see: those that turn the direction of text, and those without width.
func (c *check) deceptive(text string, at *place) {
	for _, r := range text {
		if r < 0x80 {
			continue
		}
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			c.warn(at, "has the character U+%04X, which turns the direction of text: it is not what it looks like", r)
			return
		case unicode.Is(unicode.Cf, r) || r == 0x115f || r == 0x1160 || r == 0x3164:
			c.warn(at, "has the character U+%04X, which is invisible", r)
			return
		}
	}
}

// homoglyphs warns of names with letters that may look like other letters.
func (c *check) homoglyphs(v any, at *place) {
	text, _ := v.(string)
	for _, r := range text {
		if r >= 0x80 && unicode.IsLetter(r) {
			c.warn(at, "has the letter U+%04X, which is not ASCII and may look like another", r)
			return
		}
	}
}

func (c *check) warn(at *place, format string, args ...any) {
	c.warnings = append(c.warnings, &Error{Field: strings.ToValidUTF8(at.String(), "?"), Problem: fmt.Sprintf(format, args...)})
}
