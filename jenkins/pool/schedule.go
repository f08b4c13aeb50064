package pool

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"majordomo.dev/jenkins/scale"
)

// checkCron says why a text is not when a schedule begins, nil if it is.
func checkCron(cron string) error {
	if len(cron) > maxCron {
		return fmt.Errorf("has %d characters; allowed are %d", len(cron), maxCron)
	}
	return without("cron: ", scale.ParseSchedule(cron, "", time.Hour))
}

// checkTimezone says why a text is no time zone, nil if it is one.
func checkTimezone(name string) error {
	return without("timezone: ", scale.ParseSchedule("0 0 * * *", name, time.Hour))
}

// without leaves out the field that an error begins with.
func without(field string, err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), field))
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
