package scale

import (
	"strings"
	"testing"
	"time"
)

func TestParseSchedule(t *testing.T) {
	for _, c := range []struct {
		name, cron, zone string
		lasts            time.Duration
		wrong            string // contained, "" for none
	}{
		{name: "week days", cron: "0 8 * * MON-FRI", zone: "Europe/Berlin", lasts: 10 * time.Hour},
		{name: "space around and between", cron: "  0  8 * * * ", lasts: time.Hour},
		{name: "every quarter", cron: "*/15 * * * *", lasts: time.Minute},
		{name: "a leap day", cron: "0 0 29 2 *", lasts: time.Minute},
		{name: "a time zone inside", cron: "TZ=UTC 0 8 * * *", lasts: time.Hour, wrong: "names a time zone, which belongs into timezone"},
		{name: "a time zone alone", cron: "TZ=UTC", lasts: time.Hour, wrong: "names a time zone"},
		{name: "an empty time zone", cron: "CRON_TZ=", lasts: time.Hour, wrong: "names a time zone"},
		{name: "six fields", cron: "* * * * * *", lasts: time.Hour, wrong: "has 6 fields: seconds are not taken; wanted: minute hour day month weekday"},
		{name: "four fields", cron: "0 8 * *", lasts: time.Hour, wrong: "has 4 fields"},
		{name: "nothing", cron: "", lasts: time.Hour, wrong: "it is empty"},
		{name: "blanks", cron: " \t ", lasts: time.Hour, wrong: "it is empty"},
		{name: "reboot", cron: "@reboot", lasts: time.Hour, wrong: "is a short form"},
		{name: "every", cron: "@every 0s", lasts: time.Hour, wrong: "is a short form"},
		{name: "minute 60", cron: "60 * * * *", lasts: time.Hour, wrong: "above maximum (59)"},
		{name: "a step of zero", cron: "*/0 * * * *", lasts: time.Hour, wrong: "is wrong"},
		{name: "a day that never comes", cron: "0 0 31 2 *", lasts: time.Hour, wrong: "never comes"},
		{name: "4 KiB", cron: strings.Repeat("0,", 2048) + "0 8 * * *", lasts: time.Hour, wrong: "is longer than 256 bytes"},
		{name: "words", cron: "every day at eight o'clock", lasts: time.Hour, wrong: "is wrong"},
		{name: "no such zone", cron: "0 8 * * *", zone: "Europe/Atlantis", lasts: time.Hour, wrong: `timezone: "Europe/Atlantis" is not known; wanted: a name such as Europe/Berlin`},
		{name: "a zone that is a path", cron: "0 8 * * *", zone: "../../etc/passwd", lasts: time.Hour, wrong: "is not known"},
		{name: "the zone of the machine", cron: "0 8 * * *", zone: "Local", lasts: time.Hour, wrong: "depends on the machine"},
		{name: "no duration", cron: "0 8 * * *", wrong: "duration: 0s; it has to be positive"},
		{name: "a negative duration", cron: "0 8 * * *", lasts: -time.Hour, wrong: "duration: -1h0m0s"},
		{name: "a duration of years", cron: "0 8 * * *", lasts: 1e9 * time.Second, wrong: "and 744h0m0s at most"},
		{name: "all wrong", cron: "@daily", zone: "x", lasts: -1, wrong: "timezone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := ParseSchedule(c.cron, c.zone, c.lasts)
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("ParseSchedule(%.40q, %q, %s) = %v, want %q", c.cron, c.zone, c.lasts, err, c.wrong)
			}
		})
	}
}

func TestSchedulesAreFloorsAtTheirTimes(t *testing.T) {
	const berlin = "Europe/Berlin"
	for _, c := range []struct {
		name      string
		schedules []Schedule
		at        string // RFC 3339
		agents    int
		next      string // "" for never
	}{
		{name: "before", schedules: []Schedule{{"0 8 * * MON-FRI", berlin, 10 * time.Hour, 5}}, at: "2026-11-20T07:59:59+01:00", next: "2026-11-20T08:00:00+01:00"},
		{name: "as it begins", schedules: []Schedule{{"0 8 * * MON-FRI", berlin, 10 * time.Hour, 5}}, at: "2026-11-20T08:00:00+01:00", agents: 5, next: "2026-11-20T18:00:00+01:00"},
		{name: "as it ends", schedules: []Schedule{{"0 8 * * MON-FRI", berlin, 10 * time.Hour, 5}}, at: "2026-11-20T18:00:00+01:00", next: "2026-11-23T08:00:00+01:00"},
		{name: "across midnight", schedules: []Schedule{{"0 22 * * *", berlin, 4 * time.Hour, 5}}, at: "2026-11-21T01:00:00+01:00", agents: 5, next: "2026-11-21T02:00:00+01:00"},
		{name: "across the end of the year", schedules: []Schedule{{"0 22 31 12 *", "", 4 * time.Hour, 5}}, at: "2027-01-01T01:00:00Z", agents: 5, next: "2027-01-01T02:00:00Z"},
		{name: "the larger of two", schedules: []Schedule{{"0 8 * * *", "", 4 * time.Hour, 2}, {"0 9 * * *", "", time.Hour, 5}}, at: "2026-11-20T09:30:00Z", agents: 5, next: "2026-11-20T10:00:00Z"},
		{name: "of equal ones the later end", schedules: []Schedule{{"0 8 * * *", "", 4 * time.Hour, 5}, {"0 9 * * *", "", time.Hour, 5}}, at: "2026-11-20T09:30:00Z", agents: 5, next: "2026-11-20T12:00:00Z"},
		{name: "one that overlaps itself goes on", schedules: []Schedule{{"0 8,9 * * *", "", 90 * time.Minute, 5}}, at: "2026-11-20T08:30:00Z", agents: 5, next: "2026-11-20T10:30:00Z"},
		{name: "one that always overlaps itself never ends", schedules: []Schedule{{"* * * * *", "", 24 * time.Hour, 5}}, at: "2026-11-20T08:30:00Z", agents: 5},
		{name: "a month", schedules: []Schedule{{"0 0 1 * *", "", 31 * 24 * time.Hour, 5}}, at: "2026-11-20T08:30:00Z", agents: 5},
		{name: "one that is wrong is no floor", schedules: []Schedule{{"TZ=UTC", "", time.Hour, 5}}, at: "2026-11-20T08:30:00Z"},
		// Clocks went from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
		{name: "skipped by summer time: before", schedules: []Schedule{{"30 2 * * *", berlin, time.Hour, 5}}, at: "2026-03-29T01:59:00+01:00", next: "2026-03-29T03:00:00+02:00"},
		{name: "skipped by summer time: begins when it is skipped", schedules: []Schedule{{"30 2 * * *", berlin, time.Hour, 5}}, at: "2026-03-29T03:00:00+02:00", agents: 5, next: "2026-03-29T04:00:00+02:00"},
		{name: "shown twice: begins the first time", schedules: []Schedule{{"30 2 * * *", berlin, time.Hour, 5}}, at: "2026-10-25T02:30:00+02:00", agents: 5, next: "2026-10-25T02:30:00+01:00"},
		{name: "shown twice: still open", schedules: []Schedule{{"30 2 * * *", berlin, time.Hour, 5}}, at: "2026-10-25T02:10:00+01:00", agents: 5, next: "2026-10-25T02:30:00+01:00"},
		{name: "shown twice: not the second time", schedules: []Schedule{{"30 2 * * *", berlin, time.Hour, 5}}, at: "2026-10-25T02:30:00+01:00", next: "2026-10-26T02:30:00+01:00"},
		{name: "open across a change of clocks", schedules: []Schedule{{"0 0 * * *", berlin, 6 * time.Hour, 5}}, at: "2026-10-25T04:30:00+01:00", agents: 5, next: "2026-10-25T05:00:00+01:00"},
		{name: "a zone of half an hour", schedules: []Schedule{{"0 8 * * *", "Asia/Kolkata", time.Hour, 5}}, at: "2026-11-20T02:30:00Z", agents: 5, next: "2026-11-20T03:30:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			in := pooled(now)
			in.Schedules = c.schedules
			d, s := Decide(State{}, in)
			next := ""
			if !d.Next.IsZero() {
				next = d.Next.In(now.Location()).Format(time.RFC3339)
			}
			want := c.next
			if w, err := time.Parse(time.RFC3339, c.next); err == nil {
				want = w.In(now.Location()).Format(time.RFC3339)
			}
			if d.Agents != c.agents || d.Floor != c.agents || next != want {
				t.Errorf("%s: %d agents, floor %d, next %s; want %d, %s", c.at, d.Agents, d.Floor, next, c.agents, want)
			}
			in.Now = now.Add(time.Second)
			again, _ := Decide(s, in)
			fresh, _ := Decide(State{}, in)
			if again.Agents != fresh.Agents {
				t.Errorf("a second later: %d agents, %d without memory", again.Agents, fresh.Agents)
			}
		})
	}
}

func FuzzParseSchedule(f *testing.F) {
	for _, s := range []string{"TZ=UTC", "CRON_TZ=", "TZ=0", "@every 0s", "@reboot", "* * * * * *", "60 * * * *", "0 8 * * MON-FRI", "*/7 1-5,9 L W ?"} {
		f.Add(s, "Europe/Berlin", int64(time.Hour))
	}
	f.Fuzz(func(t *testing.T, cron, zone string, lasts int64) {
		err := ParseSchedule(cron, zone, time.Duration(lasts))
		in := pooled(noon)
		in.Schedules = []Schedule{{cron, zone, time.Duration(lasts), 3}}
		d, _ := Decide(State{}, in)
		if err != nil && d.Agents != 0 {
			t.Errorf("%d agents by a schedule that is refused: %v", d.Agents, err)
		}
	})
}
