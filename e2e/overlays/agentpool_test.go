package overlays_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/object"
)

// badPools are fields of a pool's spec with what the API server says about them; nil takes the field away.
var badPools = []struct {
	field string
	value any
	want  string
}{
	{"min", int64(1000), "min must not be larger than max"},
	{"min", int64(-1), "greater than or equal to 0"},
	{"min", "1", "must be of type integer"},
	{"max", nil, "spec.max: Required value"},
	{"max", int64(0), "greater than or equal to 1"},
	{"max", int64(10001), "less than or equal to 10000"},
	{"executors", int64(0), "greater than or equal to 1"},
	{"maxStep", int64(-1), "greater than or equal to 0"},
	{"replicas", int64(-1), "greater than or equal to 0"},
	{"mode", "EXCLUSIVE", `Unsupported value: "EXCLUSIVE": supported values: "normal", "exclusive"`},
	{"excutors", int64(2), `unknown field "spec.excutors"`},

	{"priority", "cheap", "the priority is cost, balanced, speed, or a number above 0 and up to 1000000"},
	{"priority", int64(-1), "the priority is cost, balanced, speed, or a number above 0"},
	{"priority", int64(0), "the priority is cost, balanced, speed, or a number above 0"},
	{"priority", "0.0", "the priority is cost, balanced, speed, or a number above 0"},
	{"priority", "NaN", "the priority is cost, balanced, speed, or a number above 0"},
	{"priority", "1e3", "the priority is cost, balanced, speed, or a number above 0"},
	{"priority", true, "must be of type"},

	{"scaleTargetRef", map[string]any{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "x"}, `Unsupported value: "DaemonSet"`},
	{"scaleTargetRef", map[string]any{"apiVersion": "apps/v1", "kind": "ReplicationController", "name": "x"}, "a ReplicationController is v1"},
	{"scaleTargetRef", map[string]any{"apiVersion": "v1", "kind": "ReplicaSet", "name": "x"}, "ReplicaSet, Deployment and StatefulSet are apps/v1"},
	{"scaleTargetRef", map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "namespace": "y"}, "unknown field"},

	{"labels", []any{}, "should have at least 1 items"},
	{"labels", []any{"linux", "linux"}, "Duplicate value"},
	{"labels", []any{"linux&&docker"}, "agents offer single labels, one per element of the list"},
	{"labels", []any{"linux docker"}, "agents offer single labels"},
	{"labels", []any{"it's"}, "agents offer single labels"},
	{"labels", []any{`a"b`}, "agents offer single labels"},
	{"labels", []any{"a\u200bb"}, "agents offer single labels"},
	{"labels", []any{"a\u0007"}, "agents offer single labels"},
	{"labels", []any{strings.Repeat("x", 256)}, "may not be more than 255"},

	{"recycle", map[string]any{}, "recycle needs builds, age, or both"},
	{"recycle", map[string]any{"builds": int64(0)}, "greater than or equal to 1"},
	{"recycle", map[string]any{"age": "1y"}, "the age is hours and minutes, such as 24h or 1h30m"},
	{"recycle", map[string]any{"age": "1s"}, "the age is hours and minutes, such as 24h or 1h30m"},
	{"rollout", map[string]any{"maxUnavailable": int64(0)}, "greater than or equal to 1"},
	{"rollout", map[string]any{"updatePeriod": "5"}, "the updatePeriod is hours, minutes and seconds"},
	{"rollout", map[string]any{"canary": int64(-1)}, "greater than or equal to 0"},
	{"startupTimeout", "-5m", "the startupTimeout is hours, minutes and seconds, such as 90s or 10m, from 30s to 24h"},
	{"startupTimeout", "1s", "the startupTimeout is"},
	{"startupTimeout", "999999999999999h", "spec.startupTimeout: Invalid value"},
}

// badURLs are URLs with what the API server says about them.
var badURLs = map[string]string{
	"jenkins": "the url is http://HOST or https://HOST", "ftp://jenkins": "the url is http", "file:///etc/passwd": "the url is http", "http://": "the url is http",
	"http://jenkins?a=b": "the url is http", "http://jenkins/#x": "the url is http", "http://jen kins": "the url is http", "http://jenkins\n": "the url is http",
	"http://%zz": "the url is http", "http://user:hunter2@jenkins": "a user or password does not belong into the url", "http://jenkins/@x": "a user or password",
	"http://169.254.169.254/latest": "link-local, or the metadata service", "http://[fe80::1]": "link-local", "http://[fd00:ec2::254]:80": "the metadata service",
	"http://metadata.google.internal": "the metadata service", "http://METADATA.google.internal.": "the metadata service", "http://100.100.100.200": "the metadata service",
	"http://0.0.0.0:8080": "link-local", "http://[::]": "link-local", "http://[::ffff:169.254.169.254]": "link-local", "http://2852039166": "is a number; an address has four of them",
	"http://0xA9FEA9FE": "is a number", "http://0251.0376.0251.0376": "is a number", "http://127.1": "is a number",
}

// badCrons are schedules with what the API server says about them.
var badCrons = map[string]string{
	"TZ=UTC 0 8 * * *": "a time zone does not belong into cron, but into timezone", "TZ=": "a time zone does not belong", "CRON_TZ=UTC 0 8 * * *": "a time zone",
	"@every 0s": "cron has five fields", "@reboot": "cron has five fields", "* * * * * *": "cron has five fields: minute hour day month weekday", "": "cron has five fields",
	"60 * * * *": "the minute of cron is 0-59", "* 24 * * *": "the hour of cron is 0-23", "* * 0 * *": "the day of the month of cron is 1-31",
	"* * * 13 *": "the month of cron is 1-12 or JAN-DEC", "* * * * 7": "the weekday of cron is 0-6 or SUN-SAT", "*/0 * * * *": "the minute of cron",
	"* * * FOO *": "the month of cron", strings.Repeat("1,", 100) + "1 * * * *": "may not be more than 100",
}

// attempt applies a pool without leaving it, as kubectl does, and returns what the server says.
func (p person) attempt(ctx context.Context, o object.Object) error {
	where, err := p.resource(o)
	if err != nil {
		return err
	}
	_, err = where.Create(ctx, &unstructured.Unstructured{Object: o}, metav1.CreateOptions{
		FieldManager: "kubectl", FieldValidation: metav1.FieldValidationStrict, DryRun: []string{metav1.DryRunAll},
	})
	return err
}

func TestBadPoolsAreRefused(t *testing.T) {
	admin, good := install(t), jvmPool(t)
	refuse := func(t *testing.T, path object.Pointer, value any, want string) {
		t.Helper()
		o := good.Clone()
		if value == nil {
			o.Remove(path)
		} else {
			o.Set(path, value)
		}
		err := admin.attempt(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "rule compile error") {
			t.Errorf("%s = %v: %v, want %q", path, value, err, want)
		}
	}
	t.Run("spec", func(t *testing.T) {
		for _, bad := range badPools {
			refuse(t, object.Pointer{"spec", bad.field}, bad.value, bad.want)
		}
	})
	t.Run("url", func(t *testing.T) {
		for url, want := range badURLs {
			refuse(t, object.Pointer{"spec", "jenkins", "url"}, url, want)
		}
	})
	schedule := func(field string, value any) []any {
		s := map[string]any{"cron": "0 8 * * *", "duration": "1h", "min": int64(1)}
		if s[field] = value; value == nil {
			delete(s, field)
		}
		return []any{s}
	}
	t.Run("schedules", func(t *testing.T) {
		at := object.Pointer{"spec", "schedules"}
		for cron, want := range badCrons {
			refuse(t, at, schedule("cron", cron), want)
		}
		refuse(t, at, schedule("min", int64(21)), "must not be larger than the pool's max")
		refuse(t, at, schedule("duration", nil), "duration: Required value")
		refuse(t, at, schedule("duration", "1000h"), "the duration is hours and minutes, such as 10h or 1h30m, from 1m to 744h")
		refuse(t, at, schedule("timezone", "Local"), "the timezone is a name from the IANA time zone database, such as Europe/Berlin")
		refuse(t, at, schedule("timezone", "../UTC"), "the timezone is a name")
		refuse(t, at, slices.Repeat(schedule("min", int64(0)), 51), "must have at most 50 items")
	})
	refuse(t, object.Pointer{"metadata", "name"}, strings.Repeat("x", 64), "the name has at most 63 characters")
	refuse(t, object.Pointer{"spec", "jenkins", "credentials"}, nil, "spec.jenkins.credentials: Required value")
	refuse(t, object.Pointer{"spec", "jenkins", "credentials"}, map[string]any{"name": "x", "namespace": "y"}, "unknown field")
}

func TestPoolsOfEveryFormAreTaken(t *testing.T) {
	admin := install(t)
	take := func(path object.Pointer, value any) {
		t.Helper()
		o := jvmPool(t)
		o.Set(path, value)
		if err := admin.attempt(t.Context(), o); err != nil {
			t.Errorf("%s = %v: %v", path, value, err)
		}
	}
	for _, priority := range []any{"cost", "balanced", "speed", "12.5", int64(30), "0.01"} {
		take(object.Pointer{"spec", "priority"}, priority)
	}
	for _, url := range []string{
		"http://jenkins", "https://ci.example.com:8443/jenkins/", "http://[fd12::1]:8080", "http://127.0.0.1:8080", "http://10.1.2.3/x", "http://jenkins.ns.svc.cluster.local.",
	} {
		take(object.Pointer{"spec", "jenkins", "url"}, url)
	}
	for _, cron := range []string{"0 8 * * MON-FRI", "*/15,7 0-6/2 1 jan,MAR-DEC mon-fri", " 59\t23  31 12 6 ", "05 08 01 01 00"} {
		take(object.Pointer{"spec", "schedules"}, []any{map[string]any{"cron": cron, "timezone": "America/Argentina/Buenos_Aires", "duration": "90m", "min": int64(1)}})
	}
	take(object.Pointer{"spec", "labels"}, []any{"größe", "日本", "a-b_c.d:1/2"})
	take(object.Pointer{"spec", "recycle"}, map[string]any{"builds": int64(1), "age": "24h"})
	take(object.Pointer{"spec", "rollout"}, map[string]any{"maxUnavailable": int64(3), "updatePeriod": "0s", "canary": int64(1)})
	take(object.Pointer{"spec", "jenkins", "ca"}, map[string]any{"name": "jenkins-ca"})
}

// TestThePoolPackageAgreesWithTheDefinition has what the API server refuses refused by the package, too, and what it takes taken.
func TestThePoolPackageAgreesWithTheDefinition(t *testing.T) {
	problems := func(path object.Pointer, value any) string {
		o := jvmPool(t)
		if o.Set(path, value); value == nil {
			o.Remove(path)
		}
		p, err := pool.Parse(o)
		texts := []string{fmt.Sprint(err)}
		for _, problem := range append(p.Validate(), pool.UnknownFields(o)...) {
			texts = append(texts, problem.Error())
		}
		return strings.TrimPrefix(strings.Join(texts, "; "), "<nil>")
	}
	for _, bad := range badPools {
		if problems(object.Pointer{"spec", bad.field}, bad.value) == "" {
			t.Errorf("%s = %v is taken", bad.field, bad.value)
		}
	}
	for url := range badURLs {
		if problems(object.Pointer{"spec", "jenkins", "url"}, url) == "" {
			t.Errorf("url %q is taken", url)
		}
	}
	for cron := range badCrons {
		if problems(object.Pointer{"spec", "schedules"}, []any{map[string]any{"cron": cron, "duration": "1h", "min": int64(1)}}) == "" {
			t.Errorf("cron %q is taken", cron)
		}
	}
	if got := problems(object.Pointer{"spec", "min"}, int64(0)); got != "" {
		t.Errorf("the pool jvm: %s", got)
	}
}

// fieldsOf are the fields that a type has in JSON, with those below them.
func fieldsOf(t reflect.Type, at string, all map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		fieldsOf(t.Elem(), at, all)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			all[at+"."+name] = true
			fieldsOf(t.Field(i).Type, at+"."+name, all)
		}
	}
}

func schemaFields(schema map[string]any, at string, all map[string]bool) {
	if items, ok := schema["items"].(map[string]any); ok {
		schemaFields(items, at, all)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, below := range properties {
		all[at+"."+name] = true
		schemaFields(below.(map[string]any), at+"."+name, all)
	}
}

func TestTheDefinitionHasTheFieldsOfAPool(t *testing.T) {
	for _, crd := range find(render(t, "manifests/crds"), "CustomResourceDefinition") {
		if crd.ID().Name != "agentpools.majordomo.dev" {
			continue
		}
		v, _ := crd.Get(object.Pointer{"spec", "versions"})
		properties := v.([]any)[0].(map[string]any)["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)["properties"].(map[string]any)
		for part, of := range map[string]reflect.Type{"spec": reflect.TypeFor[pool.Spec](), "status": reflect.TypeFor[pool.Status]()} {
			want, got := map[string]bool{}, map[string]bool{}
			fieldsOf(of, part, want)
			schemaFields(properties[part].(map[string]any), part, got)
			for name := range maps.Keys(want) {
				if !got[name] {
					t.Errorf("the definition lacks %s", name)
				}
			}
			for name := range maps.Keys(got) {
				if !want[name] {
					t.Errorf("no pool has %s", name)
				}
			}
		}
		return
	}
	t.Error("there is no definition of AgentPool")
}

// TestAPoolHasItsTableAndItsFloor writes a status, asks for the table that kubectl shows, and sets a floor as kubectl scale does.
func TestAPoolHasItsTableAndItsFloor(t *testing.T) {
	admin, ctx := install(t), t.Context()
	o := jvmPool(t)
	where, err := admin.resource(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := where.Create(ctx, &unstructured.Unstructured{Object: o}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = where.Delete(context.WithoutCancel(ctx), "jvm", metav1.DeleteOptions{}) })
	at := time.Now().Add(-42 * time.Second)
	status := fullStatus(at)
	content, err := status.Object()
	if err != nil {
		t.Fatal(err)
	}
	patch, _ := json.Marshal(map[string]any{"status": content})
	live, err := where.Patch(ctx, "jvm", types.MergePatchType, patch, metav1.PatchOptions{FieldValidation: metav1.FieldValidationStrict}, "status")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := pool.Parse(live.Object); err != nil || !reflect.DeepEqual(p.Status, status.Tidy()) {
		t.Errorf("the status came back as %+v, %v, want %+v", p.Status, err, status.Tidy())
	}
	row, columns := table(t, admin, o)
	want := "Name Queued Wait Busy Idle Starting Draining Desired Min Max Reason Age Labels Target"
	if strings.Join(columns, " ") != want || fmt.Sprint(row[1]) != "3" || !strings.HasSuffix(fmt.Sprint(row[2]), "s") || fmt.Sprint(row[10]) != "builds wait" {
		t.Errorf("the table is %v %v, want %s", columns, row, want)
	}
	if _, err := where.Get(ctx, "jvm", metav1.GetOptions{}, "scale"); err != nil {
		t.Errorf("the scale of a pool without a floor: %v", err)
	}
	scaled := []byte(`{"spec":{"replicas":2}}`)
	scale, err := where.Patch(ctx, "jvm", types.MergePatchType, scaled, metav1.PatchOptions{}, "scale")
	if err != nil {
		t.Fatal(err)
	}
	if selector, _, _ := unstructured.NestedString(scale.Object, "status", "selector"); selector != "majordomo.dev/pool=jvm" {
		t.Errorf("the scale is %v", scale.Object)
	}
	now, err := where.Get(ctx, "jvm", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := pool.Parse(now.Object); err != nil || p.Manual(at).Agents != 2 {
		t.Errorf("after kubectl scale: %+v, %v", p.Spec.Replicas, err)
	}
}

// fullStatus has every field.
func fullStatus(at time.Time) pool.Status {
	return pool.Status{
		ObservedGeneration: 1, Replicas: 4, Selector: "majordomo.dev/pool=jvm", Queued: 3, OldestQueued: &at, Busy: 1, Idle: 1, Starting: 1, Draining: 1, Offline: 1,
		Desired: 3, Min: 0, Max: 2, Reason: "builds wait", Conditions: pool.Conditions(nil, at, 1, pool.Active("builds wait"), pool.Summary("builds wait")),
		Decision: &pool.Decision{
			At: at, From: 1, To: 3, Term: "short", Reason: "builds wait", Terms: []pool.Term{{Name: "short", Agents: 3, Reason: "x"}},
			Limits: []pool.Limit{{Name: "max", Value: 2, Cut: true, Reason: "x"}}, Gates: []pool.Gate{{Name: "fresh", Open: true, Reason: "x"}}, Next: &at, NextReason: "x",
			Blocked: 1, Elsewhere: 2, Spec: "priority balanced (10)",
		},
		Rollout: &pool.Progress{Template: "abc", Phase: "Canary", Updated: 1, Total: 4, Since: at, Reason: "x"},
		Agents:  []pool.Agent{{Name: "a", Node: "a-1", State: "busy", Since: at, Build: "http://jenkins/job/x/1/", Reason: "x"}}, AgentsOmitted: 1,
		Unmatched: []pool.Unmatched{{Label: "gpu", Items: 1, Why: "x"}}, History: []pool.Change{{At: at, From: 1, To: 3, Reason: "x"}},
		Jenkins: pool.Master{Version: "2.263.4", User: "scaler", LastRead: &at, Error: "x"},
	}
}

// table returns the row of an object in the table that kubectl get -o wide shows, with its columns.
func table(t *testing.T, admin person, o object.Object) (row []any, columns []string) {
	t.Helper()
	m, err := admin.mapper.RESTMapping(schema.GroupKind{Group: o.ID().Group, Kind: o.ID().Kind}, o.Version())
	if err != nil || m.Scope.Name() != meta.RESTScopeNameNamespace {
		t.Fatal(m, err)
	}
	config := started(t).Config()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("%s/apis/%s/%s/namespaces/%s/%s/%s", config.Host, o.ID().Group, o.Version(), o.ID().Namespace, m.Resource.Resource, o.ID().Name)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got metav1.Table
	if err := json.Unmarshal(data, &got); err != nil || len(got.Rows) != 1 {
		t.Fatal(err, string(data))
	}
	for _, c := range got.ColumnDefinitions {
		columns = append(columns, c.Name)
	}
	return got.Rows[0].Cells, columns
}
