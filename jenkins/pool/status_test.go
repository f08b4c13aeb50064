package pool_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/scale"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 123456789, time.FixedZone("CET", 3600))

func TestPrioritiesAreWordsOrNumbers(t *testing.T) {
	for text, want := range map[string]pool.Priority{
		`"cost"`: 3, `"balanced"`: 10, `"speed"`: 50, `10`: 10, `7`: 7, `0.5`: 0.5, `"12.5"`: 12.5, `1000000`: 1_000_000,
	} {
		var got pool.Priority
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s is %v, %v, want %v", text, got, err, want)
		}
		data, err := json.Marshal(got)
		var again pool.Priority
		if err2 := json.Unmarshal(data, &again); err != nil || err2 != nil || again != got {
			t.Errorf("%v is written %s and read %v: %v, %v", got, data, again, err, err2)
		}
	}
	for _, text := range []string{`"often"`, `0`, `-1`, `"NaN"`, `"Inf"`, `"1e3"`, `"0x10"`, `""`, `true`, `[]`, `1000001`, `{}`} {
		var got pool.Priority
		if err := json.Unmarshal([]byte(text), &got); err == nil || !strings.Contains(err.Error(), "cost, balanced, speed") {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	if _, err := json.Marshal(pool.Priority(math.NaN())); err == nil {
		t.Error("NaN is written")
	}
	if got := pool.Speed.String() + " " + pool.Priority(12.5).String(); got != "speed 12.5" {
		t.Errorf("got %q", got)
	}
}

func TestDurationsAreHoursMinutesAndSeconds(t *testing.T) {
	for text, want := range map[string]string{"90s": "1m30s", "10h": "10h", "1h30m": "1h30m", "0s": "0s", "60m": "1h", "1h0m5s": "1h0m5s", "10m": "10m"} {
		d, err := pool.ParseDuration(text)
		if err != nil || d.String() != want {
			t.Errorf("%s is %s, %v, want %s", text, d, err, want)
		}
		if again, err := pool.ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("%s is written %s and read %s, %v", text, d, again, err)
		}
	}
	for _, text := range []string{"", "5", "-5m", "1y", "1.5h", "100ms", "1d", "10001h", "99999999999999999999h", "h", " 1h", "1h "} {
		if d, err := pool.ParseDuration(text); err == nil || !strings.Contains(err.Error(), "1h30m") {
			t.Errorf("%q is %s, %v", text, d, err)
		}
	}
}

func TestAConditionKeepsItsTimeUntilItChanges(t *testing.T) {
	first := pool.Conditions(nil, now, 1, pool.Reachable(nil, pool.Master{Version: "2.263.4", User: "scaler"}), pool.Summary("builds wait"))
	fault := &jenkins.Fault{Reason: jenkins.Hung, Text: "no answer within 10 s", Err: errors.New("x")}
	later := now.Add(time.Minute)
	second := pool.Conditions(first, later, 2, pool.Summary("nothing waits"), pool.Reachable(fault, pool.Master{}))
	want := []pool.Condition{
		{Type: "Ready", Status: "True", ObservedGeneration: 2, LastTransitionTime: now.UTC().Truncate(time.Second), Reason: "Deciding", Message: "nothing waits"},
		{Type: "JenkinsReachable", Status: "False", ObservedGeneration: 2, LastTransitionTime: later.UTC().Truncate(time.Second), Reason: "JenkinsHung", Message: "no answer within 10 s"},
	}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	if c, ok := pool.Find(first, pool.JenkinsReachable); !ok || c.Message != "Jenkins 2.263.4 answers, to scaler" {
		t.Errorf("reachable: %+v", c)
	}
	if _, ok := pool.Find(first, "Other"); ok {
		t.Error("a condition that is not there was found")
	}
}

func TestAPoolIsReadyUnlessSomethingSaysWhyNot(t *testing.T) {
	reachable := pool.Reachable(&jenkins.Fault{Reason: jenkins.Starting, URL: "http://jenkins", Text: "starts"}, pool.Master{})
	for _, tt := range []struct {
		others []pool.Condition
		want   string
	}{
		{[]pool.Condition{pool.Active("3 builds wait")}, "True Deciding: fine"},
		{[]pool.Condition{reachable, pool.Active("held")}, "False JenkinsStarting: starts (http://jenkins)"},
		{[]pool.Condition{reachable, pool.Inactive(pool.Suspended, "left alone: upgrade")}, "False Suspended: left alone: upgrade"},
	} {
		c := pool.Summary("fine", tt.others...)
		if got := c.Status + " " + c.Reason + ": " + c.Message; got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.others, got, tt.want)
		}
	}
}

func TestABadPoolSaysAllThatIsWrong(t *testing.T) {
	bad := make([]*pool.Problem, 0, 8)
	for range 7 {
		bad = append(bad, &pool.Problem{Field: "spec.min", Text: "is bad"})
	}
	c, refused := pool.Refused(append(bad, &pool.Problem{Field: "spec.x", Text: "is doubtful", Warning: true}))
	if want := strings.Repeat("spec.min: is bad; ", 5) + "and 2 more"; !refused || c.Status != pool.False || c.Reason != pool.Invalid || c.Message != want {
		t.Errorf("got %+v, want %q", c, want)
	}
	if c, refused := pool.Refused([]*pool.Problem{{Field: "spec.x", Text: "is doubtful", Warning: true}}); refused {
		t.Errorf("a warning alone: %+v", c)
	}
}

func TestTheLastLimitThatCutIsTold(t *testing.T) {
	d := &pool.Decision{Limits: []pool.Limit{{Name: "min"}, {Name: "max", Cut: true, Reason: "5 more would help"}, {Name: "quota"}}}
	if c := pool.Limited(d); c.Status != pool.True || c.Reason != pool.AtMax || c.Message != "5 more would help" {
		t.Errorf("got %+v", c)
	}
	d.Limits[1].Cut = false
	if c := pool.Limited(d); c.Status != pool.False || c.Reason != pool.Within {
		t.Errorf("got %+v", c)
	}
	if c := pool.Limited(nil); c.Status != pool.Unknown {
		t.Errorf("got %+v", c)
	}
}

func TestAStatusIsWithinItsBounds(t *testing.T) {
	long := strings.Repeat("ü", 5000)
	s := pool.Status{
		Reason: long, OldestQueued: &now, Agents: make([]pool.Agent, 600), Unmatched: make([]pool.Unmatched, 30), History: make([]pool.Change, 40),
		Conditions: []pool.Condition{{Message: long}}, Rollout: &pool.Progress{Reason: long, Since: now}, Jenkins: pool.Master{LastRead: &now, Error: long},
		Decision: &pool.Decision{At: now, Reason: long, Next: &now, Terms: []pool.Term{{Reason: long}}, Limits: []pool.Limit{{Reason: long}}, Gates: []pool.Gate{{Reason: long}}},
	}
	for i := range s.Agents {
		s.Agents[i] = pool.Agent{Name: "a", Since: now, Reason: "r"}
	}
	got := s.Tidy()
	if len(got.Agents) != pool.MaxAgents || got.AgentsOmitted != 100 || len(got.Unmatched) != pool.MaxUnmatched || len(got.History) != pool.MaxHistory {
		t.Errorf("%d agents, %d omitted, %d unmatched, %d changes", len(got.Agents), got.AgentsOmitted, len(got.Unmatched), len(got.History))
	}
	o, err := s.Object()
	data, err2 := json.Marshal(o)
	if err != nil || err2 != nil || len(data) > 100_000 || strings.Contains(string(data), ".123") {
		t.Errorf("%d bytes, %v, %v", len(data), err, err2)
	}
	if s.Decision.Reason != long || s.Agents[0].Since != now || len(s.Agents) != 600 {
		t.Error("the status itself was changed")
	}
	again, err := pool.Parse(map[string]any{"kind": pool.Kind, "metadata": map[string]any{"name": "x"}, "spec": map[string]any{}, "status": o})
	if diff := cmp.Diff(got, again.Status); diff != "" || err == nil {
		t.Errorf("written and read, %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(got, got.Tidy()); diff != "" {
		t.Errorf("tidied twice (-want +got):\n%s", diff)
	}
}

func TestTheManualFloorEnds(t *testing.T) {
	p := parse(t, good+"  replicas: 7\n")
	p.Annotations = map[string]string{pool.ScaleUntil: "2026-11-21T10:00:00Z", pool.ScaleReason: "release day"}
	until := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		now  time.Time
		want scale.Manual
	}{
		{until.Add(-time.Second), scale.Manual{Agents: 7, Until: until, Reason: "release day"}},
		{until, scale.Manual{}},
	} {
		if diff := cmp.Diff(tt.want, p.Manual(tt.now)); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", tt.now, diff)
		}
	}
	delete(p.Annotations, pool.ScaleUntil)
	if got := p.Manual(until); got.Agents != 7 || !got.Until.IsZero() {
		t.Errorf("without an end: %+v", got)
	}
	if got := parse(t, good).Manual(until); got != (scale.Manual{}) {
		t.Errorf("without a floor: %+v", got)
	}
}

func TestSchedulesAreFloorsOfThePolicy(t *testing.T) {
	p := parse(t, good+"  schedules: [{cron: 0 8 * * *, duration: 10h, min: 5}]\n")
	want := []scale.Schedule{{Cron: "0 8 * * *", Timezone: "UTC", Duration: 10 * time.Hour, Min: 5}}
	if diff := cmp.Diff(want, p.Spec.Floors()); diff != "" {
		t.Errorf("floors (-want +got):\n%s", diff)
	}
}
