package pool

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"majordomo.dev/jenkins/scale"
)

// maxCron is longer than anything that makes sense in five fields.
const maxCron = 100

// columns are the fields of cron.
var columns = []struct {
	name        string
	least, most int
	words       []string // for numbers from least on
}{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{"day of the week", 0, 6, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

// checkCron says why a text is not when a schedule begins, nil if it is.
func checkCron(cron string) error {
	const form = "want five fields: minute hour day month weekday, such as 0 8 * * MON-FRI"
	switch {
	case len(cron) > maxCron:
		return fmt.Errorf("has %d characters; allowed are %d", len(cron), maxCron)
	case strings.Contains(cron, "TZ="):
		return errors.New("holds a time zone; that belongs into timezone")
	case strings.HasPrefix(cron, "@"):
		return fmt.Errorf("is %q; %s", cron, form)
	}
	fields := strings.Fields(cron)
	if len(fields) != len(columns) {
		return fmt.Errorf("is %q, with %d fields; %s", cron, len(fields), form)
	}
	for i, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
			if !fits(i, part) {
				c := columns[i]
				return fmt.Errorf("is %q: %q is no %s; allowed are %d to %d, * and ranges such as %d-%d and */2", cron, part, c.name, c.least, c.most, c.least, c.most)
			}
		}
	}
	return nil
}

// fits tells whether a part, *, a number, a range or one of them with a step, is allowed in a column.
func fits(column int, part string) bool {
	part, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || step[0] == '+') {
		return false
	}
	if part == "*" {
		return true
	}
	from, to, ranged := strings.Cut(part, "-")
	first, ok := number(column, from)
	if !ok || !ranged {
		return ok
	}
	last, ok := number(column, to)
	return ok && first <= last
}

func number(column int, text string) (int, bool) {
	c := columns[column]
	if i := slices.Index(c.words, strings.ToUpper(text)); i >= 0 {
		return c.least + i, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && text[0] != '+' && n >= c.least && n <= c.most
}

func checkTimezone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return fmt.Errorf("is %q, want a name from the IANA time zone database, such as Europe/Berlin", name)
	}
	return nil
}

// Floors are the schedules, as the policy takes them.
func (s Spec) Floors() []scale.Schedule {
	var all []scale.Schedule
	for _, e := range s.Schedules {
		all = append(all, scale.Schedule{Cron: e.Cron, Timezone: e.Timezone, Duration: time.Duration(e.Duration), Min: e.Min})
	}
	return all
}

// Manual is the floor that a person has set, by kubectl scale or majordomo scale. It ends at the time that an annotation tells.
func (p *Pool) Manual(now time.Time) scale.Manual {
	if p.Spec.Replicas == nil {
		return scale.Manual{}
	}
	m := scale.Manual{Agents: *p.Spec.Replicas, Reason: p.Annotations[ScaleReason]}
	if until, err := time.Parse(time.RFC3339, p.Annotations[ScaleUntil]); err == nil {
		if !now.Before(until) {
			return scale.Manual{}
		}
		m.Until = until
	}
	return m
}
