package pool

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The priorities that have a name.
const (
	Cost     Priority = 3
	Balanced Priority = 10
	Speed    Priority = 50
)

// maxPriority is far beyond what makes a difference.
const maxPriority = 1_000_000

var errPriority = errors.New("want cost, balanced, speed, or a number above 0 and up to 1000000")

var priorities = map[string]Priority{"cost": Cost, "balanced": Balanced, "speed": Speed}

// ParsePriority reads a priority: a name or a number.
func ParsePriority(text string) (Priority, error) {
	if p, ok := priorities[text]; ok {
		return p, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "0123456789.") != "" || !(f > 0 && f <= maxPriority) {
		return 0, fmt.Errorf("priority %q: %w", text, errPriority)
	}
	return Priority(f), nil
}

// String is the name of the priority, the number if it has none.
func (p Priority) String() string {
	for name, of := range priorities {
		if of == p {
			return name
		}
	}
	return strconv.FormatFloat(float64(p), 'f', -1, 64)
}

// MarshalJSON writes the name, or the number; one with a fraction as text, for the API server takes only whole numbers beside texts.
func (p Priority) MarshalJSON() ([]byte, error) {
	if f := float64(p); math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("priority %v: %w", f, errPriority)
	}
	if float64(p) == math.Trunc(float64(p)) && p != priorities[p.String()] {
		return json.Marshal(float64(p))
	}
	return json.Marshal(p.String())
}

// UnmarshalJSON reads a name, a number, or a text with a number.
func (p *Priority) UnmarshalJSON(data []byte) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	text, ok := v.(string)
	if f, number := v.(float64); number {
		text, ok = strconv.FormatFloat(f, 'f', -1, 64), true
	}
	if !ok {
		return fmt.Errorf("priority %s: %w", data, errPriority)
	}
	of, err := ParsePriority(text)
	if err != nil {
		return err
	}
	*p = of
	return nil
}

// maxDuration is longer than anything that a pool waits for.
const maxDuration = 10_000 * time.Hour

var (
	durationForm = regexp.MustCompile(`^([0-9]+(h|m|s))+$`)
	errDuration  = errors.New("want hours, minutes and seconds, such as 90s or 1h30m, and at most 10000h")
)

// ParseDuration reads a duration of hours, minutes and seconds.
func ParseDuration(text string) (Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || !durationForm.MatchString(text) || d > maxDuration {
		return 0, fmt.Errorf("duration %q: %w", text, errDuration)
	}
	return Duration(d), nil
}

// String writes 1h30m rather than 1h30m0s.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// MarshalText writes 1h30m.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 1h30m.
func (d *Duration) UnmarshalText(text []byte) error {
	of, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = of
	return nil
}
