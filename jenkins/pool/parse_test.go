package pool_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"majordomo.dev/jenkins/pool"
)

const good = `
apiVersion: majordomo.dev/v1alpha1
kind: AgentPool
metadata: {namespace: jenkins, name: linux, uid: u-1, resourceVersion: "7", generation: 3, annotations: {majordomo.dev/suspend: upgrade}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}
  jenkins: {url: "http://jenkins", credentials: {name: jenkins-api}}
  labels: [linux, docker]
  max: 20
`

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func parse(t testing.TB, text string) *pool.Pool {
	t.Helper()
	p, err := pool.Parse(object(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPoolHasDefaultsForWhatItLeavesOut(t *testing.T) {
	want := &pool.Pool{
		Namespace: "jenkins", Name: "linux", UID: "u-1", Version: "7", Generation: 3, Annotations: map[string]string{pool.Suspend: "upgrade"},
		Spec: pool.Spec{
			Target:  pool.Target{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "agent-linux"},
			Jenkins: pool.Jenkins{URL: "http://jenkins", Credentials: pool.Reference{Name: "jenkins-api"}},
			Labels:  []string{"linux", "docker"}, Mode: pool.Normal, Executors: 1, Max: 20, Priority: pool.Balanced,
			Rollout:        pool.Rollout{MaxUnavailable: 1, UpdatePeriod: pool.Duration(10 * time.Second)},
			StartupTimeout: pool.Duration(10 * time.Minute),
		},
	}
	if diff := cmp.Diff(want, parse(t, good)); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestAPoolIsReadWhole(t *testing.T) {
	got := parse(t, good+`
  mode: exclusive
  executors: 2
  min: 1
  maxStep: 5
  priority: speed
  schedules: [{cron: "0 8 * * MON-FRI", timezone: Europe/Berlin, duration: 10h, min: 5}]
  recycle: {builds: 1, age: 24h}
  rollout: {maxUnavailable: 3, updatePeriod: 1m30s, canary: 2}
  replicas: 4
  startupTimeout: 5m
status: {queued: 3, min: 1, max: 2, replicas: 1, busy: 1, idle: 0, starting: 0, draining: 0, offline: 0, desired: 2}
`)
	four := 4
	want := got.Spec
	want.Mode, want.Executors, want.Min, want.MaxStep, want.Priority, want.Replicas = pool.Exclusive, 2, 1, 5, pool.Speed, &four
	want.Schedules = []pool.Schedule{{Cron: "0 8 * * MON-FRI", Timezone: "Europe/Berlin", Duration: pool.Duration(10 * time.Hour), Min: 5}}
	want.Recycle = &pool.Recycle{Builds: 1, Age: pool.Duration(24 * time.Hour)}
	want.Rollout = pool.Rollout{MaxUnavailable: 3, UpdatePeriod: pool.Duration(90 * time.Second), Canary: 2}
	want.StartupTimeout = pool.Duration(5 * time.Minute)
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	if got.Status.Queued != 3 || got.Status.Desired != 2 {
		t.Errorf("status is %+v", got.Status)
	}
	data, err := json.Marshal(got.Spec)
	if err != nil {
		t.Fatal(err)
	}
	var again pool.Spec
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Spec, again); diff != "" {
		t.Errorf("written as %s and read (-want +got):\n%s", data, diff)
	}
}

func TestEveryFieldOfTheWrongKindIsTold(t *testing.T) {
	_, err := pool.Parse(object(t, `
kind: AgentPool
metadata: {name: 7}
spec:
  scaleTargetRef: [x]
  jenkins: {url: 5, credentials: {}}
  labels: [linux, 3]
  executors: "2"
  min: 1.5
  priority: often
  schedules: [{cron: 5, duration: 1y}, later]
  recycle: never
  rollout: {updatePeriod: 10}
  startupTimeout: -5m
`))
	want := []string{
		"metadata.name: is 7, want a text; put it in quotes",
		"spec.labels[1]: is 3, want a text; put it in quotes",
		`spec.executors: is the text "2", want a whole number`,
		"spec.min: is 1.5, want a whole number",
		"spec.max: is missing",
		`spec.priority: priority "often": want cost, balanced, speed, or a number above 0 and up to 1000000`,
		`spec.startupTimeout: duration "-5m": want hours, minutes and seconds, such as 90s or 1h30m, and at most 10000h`,
		"spec.scaleTargetRef: is a list, want fields",
		"spec.jenkins.url: is 5, want a text; put it in quotes",
		"spec.jenkins.credentials.name: is missing",
		"spec.schedules[1]: is the text \"later\", want fields",
		"spec.schedules[0].cron: is 5, want a text; put it in quotes",
		`spec.schedules[0].duration: duration "1y": want hours, minutes and seconds, such as 90s or 1h30m, and at most 10000h`,
		"spec.schedules[0].min: is missing",
		"spec.recycle: is the text \"never\", want fields",
		"spec.rollout.updatePeriod: is 10, want a text; put it in quotes",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	var p *pool.Problem
	if !errors.As(err, &p) || p.Field == "" {
		t.Errorf("%v has no *Problem", err)
	}
}

func TestAFieldThatNoPoolHasIsTold(t *testing.T) {
	var got []string
	for _, p := range pool.UnknownFields(object(t, good+"  excutors: 2\n  rollout: {maxUnavailble: 1}\n  foo: 1\n  schedules: [{corn: x}]\n")) {
		got = append(got, p.Error())
	}
	want := []string{
		`spec.excutors: is unknown; did you mean "executors"?`, "spec.foo: is unknown", `spec.schedules[0].corn: is unknown; did you mean "cron"?`,
		`spec.rollout.maxUnavailble: is unknown; did you mean "maxUnavailable"?`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if more := pool.UnknownFields(object(t, good)); len(more) > 0 {
		t.Errorf("problems with a good pool: %v", more)
	}
}

func TestWhatIsNoPoolIsRefused(t *testing.T) {
	for _, o := range []map[string]any{nil, {}, {"kind": "Pod"}, {"kind": 5}} {
		if p, err := pool.Parse(o); err == nil || p != nil {
			t.Errorf("Parse(%v) = %v, %v", o, p, err)
		}
	}
	p, err := pool.Parse(map[string]any{"kind": "AgentPool"})
	if err == nil || p == nil {
		t.Errorf("Parse of an empty pool = %v, %v", p, err)
	}
}

func TestValuesOfEveryDecoderAreRead(t *testing.T) {
	for name, n := range map[string]any{"int": 7, "int64": int64(7), "float64": 7.0, "json.Number": json.Number("7")} {
		o := object(t, good)
		o["spec"].(map[string]any)["max"] = n
		if p, err := pool.Parse(o); err != nil || p.Spec.Max != 7 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, bad := range map[string]any{
		"spec.max: is true, want a whole number": true, "spec.max: is 1e+300, want a whole number": 1e300, "spec.max: is 3000000000, want a whole number": int64(3_000_000_000),
		"spec.max: is a list, want a whole number": []any{1}, "spec.max: is an object, want a whole number": map[string]any{}, "spec.max: is missing": nil,
		"spec.max: is 1.5, want a whole number": json.Number("1.5"),
	} {
		o := object(t, good)
		o["spec"].(map[string]any)["max"] = bad
		if _, err := pool.Parse(o); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", bad, err, want)
		}
	}
	for want, change := range map[string]string{
		"spec.labels: is missing":                                                                   "labels: null",
		`spec.labels: is the text "linux", want a list`:                                             "labels: linux",
		`spec.schedules: is the text "daily", want a list`:                                          "schedules: daily",
		"spec.priority: is true: want cost, balanced, speed, or a number above 0 and up to 1000000": "priority: true",
		"spec.schedules[0]: is null, want fields":                                                   "schedules: [null]",
	} {
		o := object(t, good)
		maps.Copy(o["spec"].(map[string]any), object(t, change))
		if _, err := pool.Parse(o); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", change, err, want)
		}
	}
}

func TestAStatusOfAnotherVersionDoesNotHideThePool(t *testing.T) {
	o := object(t, good)
	o["status"] = map[string]any{"queued": "many", "reason": "x"}
	if p, err := pool.Parse(o); err != nil || p.Status.Reason != "" {
		t.Errorf("Parse = %+v, %v, want no status", p.Status, err)
	}
}
