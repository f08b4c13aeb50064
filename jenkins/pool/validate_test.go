package pool_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/jenkins/pool"
)

// texts are problems as a list of texts, warnings marked.
func texts(problems []*pool.Problem) (all []string) {
	for _, p := range problems {
		text := p.Error()
		if p.Warning {
			text = "warning: " + text
		}
		all = append(all, text)
	}
	return all
}

// badSpecs are fields of a spec with what is said about them; "" for nothing.
var badSpecs = map[string]string{
	"{min: -1}":                   "spec.min: is -1; allowed are 0 to 10000",
	"{min: 21}":                   "spec.min: is 21, more than spec.max, which is 20",
	"{max: 0}":                    "spec.max: is 0; allowed are 1 to 10000",
	"{max: 10001}":                "spec.max: is 10001; allowed are 1 to 10000",
	"{maxStep: -1}":               "spec.maxStep: is -1; allowed are 0 to 10000",
	"{executors: 0}":              "spec.executors: is 0; allowed are 1 to 100",
	"{executors: 101}":            "spec.executors: is 101; allowed are 1 to 100",
	"{mode: EXCLUSIVE}":           `spec.mode: is "EXCLUSIVE"; allowed are normal, which takes builds without a label too, and exclusive`,
	"{replicas: -1}":              "spec.replicas: is -1; allowed are 0 to 10000",
	"{startupTimeout: 1s}":        "spec.startupTimeout: is 1s; allowed are 30s to 24h",
	"{labels: []}":                "spec.labels: is empty",
	"{labels: [linux, linux]}":    `spec.labels[1]: "linux" is there twice`,
	"{labels: [linux && docker]}": `spec.labels[0]: "linux && docker" is an expression; agents offer single labels, one per element of the list`,
	"{labels: ['!linux']}":        "is an expression",
	"{labels: [linux docker]}":    `spec.labels[0]: "linux docker" has a space in it`,
	`{labels: ["it's"]}`:          "has a quote in it",
	`{labels: [""]}`:              "is empty",
	`{labels: ["a\u200bb"]}`:      "has characters that cannot be seen",
	`{labels: ["a\u0007"]}`:       "has characters that cannot be seen",
	"{labels: [" + strings.Repeat("x", 256) + "]}": "has 256 characters; allowed are 255",
	"{labels: [größe, 日本, a-b_c.d:1/2]}":           "",

	"{scaleTargetRef: {apiVersion: apps/v1, kind: DaemonSet, name: x}}":             `spec.scaleTargetRef.kind: is "DaemonSet"; allowed are ReplicaSet,`,
	"{scaleTargetRef: {apiVersion: apps/v1, kind: ReplicationController, name: x}}": `spec.scaleTargetRef.apiVersion: is "apps/v1"; a ReplicationController is v1`,
	"{scaleTargetRef: {apiVersion: apps/v1beta1, kind: ReplicaSet, name: x}}":       `a ReplicaSet is apps/v1`,

	"{schedules: [{cron: TZ=UTC 0 8 * * *, duration: 1h, min: 1}]}":                              "spec.schedules[0].cron: \"TZ=UTC 0 8 * * *\" names a time zone, which belongs into timezone",
	"{schedules: [{cron: 'TZ=', duration: 1h, min: 1}]}":                                         "names a time zone, which belongs into timezone",
	"{schedules: [{cron: CRON_TZ=UTC 0 8 * * *, duration: 1h, min: 1}]}":                         "names a time zone",
	"{schedules: [{cron: '@every 0s', duration: 1h, min: 1}]}":                                   "is a short form, which is not taken; wanted: minute hour day month weekday",
	"{schedules: [{cron: '@reboot', duration: 1h, min: 1}]}":                                     "is a short form",
	"{schedules: [{cron: '* * * * * *', duration: 1h, min: 1}]}":                                 "has 6 fields: seconds are not taken",
	"{schedules: [{cron: '60 * * * *', duration: 1h, min: 1}]}":                                  "above maximum (59)",
	"{schedules: [{cron: '* 24 * * *', duration: 1h, min: 1}]}":                                  "above maximum (23)",
	"{schedules: [{cron: '* * 0 * *', duration: 1h, min: 1}]}":                                   "below minimum (1)",
	"{schedules: [{cron: '* * * 13 *', duration: 1h, min: 1}]}":                                  "above maximum (12)",
	"{schedules: [{cron: '* * * * 7', duration: 1h, min: 1}]}":                                   "above maximum (6)",
	"{schedules: [{cron: '0 0 30 2 *', duration: 1h, min: 1}]}":                                  "never comes",
	"{schedules: [{cron: '5-1 * * * *', duration: 1h, min: 1}]}":                                 "beyond end of range",
	"{schedules: [{cron: '*/0 * * * *', duration: 1h, min: 1}]}":                                 "should be a positive number",
	"{schedules: [{cron: '1/ * * * *', duration: 1h, min: 1}]}":                                  "is wrong",
	"{schedules: [{cron: '" + strings.Repeat("1,", 2048) + "1 * * * *', duration: 1h, min: 1}]}": "allowed are 100",
	"{schedules: [{cron: '*/15,7 0-6/2 1 jan,MAR-DEC mon-fri', duration: 1h, min: 1}]}":          "",
	"{schedules: [{cron: '0 8 * * *', timezone: Mars/Olympus, duration: 1h, min: 1}]}":           "spec.schedules[0].timezone: \"Mars/Olympus\" is not known; wanted: a name such as Europe/Berlin",
	"{schedules: [{cron: '0 8 * * *', timezone: Local, duration: 1h, min: 1}]}":                  "\"Local\" depends on the machine",
	"{schedules: [{cron: '0 8 * * *', timezone: ../../etc/passwd, duration: 1h, min: 1}]}":       "is not known",
	"{schedules: [{cron: '0 8 * * *', timezone: '', duration: 1h, min: 1}]}":                     "",
	"{schedules: [{cron: '0 8 * * *', duration: 1000h, min: 1}]}":                                "spec.schedules[0].duration: is 1000h; allowed are 1m to 744h",
	"{schedules: [{cron: '0 8 * * *', min: 1}]}":                                                 "spec.schedules[0].duration: is 0s; allowed are 1m to 744h",
	"{schedules: [{cron: '0 8 * * *', duration: 1h, min: 21}]}":                                  "spec.schedules[0].min: is 21; allowed are 0 to spec.max, which is 20",
	"{schedules: [" + strings.Repeat("{cron: '0 8 * * *', duration: 1h, min: 1},", 51) + "]}":    "spec.schedules: has 51 elements; allowed are 50",

	"{recycle: {}}":                  "spec.recycle: states neither builds nor age",
	"{recycle: {builds: -1}}":        "spec.recycle.builds: is -1; 1 and more are allowed",
	"{recycle: {age: 1s}}":           "spec.recycle.age: is 1s; allowed are 1m to 10000h",
	"{rollout: {maxUnavailable: 0}}": "spec.rollout.maxUnavailable: is 0; allowed are 1 to 10000",
	"{rollout: {canary: 101}}":       "spec.rollout.canary: is 101; allowed are 0 to 100",
	"{rollout: {updatePeriod: 25h}}": "spec.rollout.updatePeriod: is 25h; allowed are 0s to 24h",
}

func TestBadSpecsAreTold(t *testing.T) {
	for change, want := range badSpecs {
		o := object(t, good)
		maps.Copy(o["spec"].(map[string]any), object(t, change))
		p, err := pool.Parse(o)
		if err != nil {
			t.Errorf("%.80s: %v", change, err)
			continue
		}
		got := strings.Join(texts(p.Validate()), "\n")
		if want == "" && got != "" || want != "" && (!strings.Contains(got, want) || strings.Count(got, "\n") > 0) {
			t.Errorf("%.80s: %q, want %q alone", change, got, want)
		}
	}
	if got := texts(parse(t, good).Validate()); got != nil {
		t.Errorf("a good pool: %q", got)
	}
}

func TestURLsOfAJenkins(t *testing.T) {
	for url, want := range map[string]string{
		"http://jenkins": "", "https://ci.example.com:8443/jenkins/": "", "http://[fd12::1]:8080": "", "http://jenkins.ci.svc": "", "http://10.1.2.3": "",
		"http://127.0.0.1:8080": "", "http://jenkins.ci": "",
		"http://ci.example.com": "warning: spec.jenkins.url: sends the credentials readable over a network that is not the cluster's; use https",
		"http://8.8.8.8":        "warning: spec.jenkins.url: sends the credentials readable",
		"HTTP://jenkins":        `has the scheme "http"`, "jenkins": `has the scheme ""`, "ftp://jenkins": `has the scheme "ftp"`, "file:///etc/passwd": `has the scheme "file"`, "http://": "has no host",
		"http:jenkins": "want http://HOST", "http://user:hunter2@jenkins": "holds a user or password", "http://jenkins/@x": "holds a user or password",
		"http://jenkins?a=b": "has a query or a fragment", "http://jenkins/#": "has a query or a fragment", "http://jen kins": "has a space", "http://jenkins\n": "has a space",
		"http://[::1": "is no URL", "http://%zz": "is no URL", "http://169.254.169.254/": "link-local", "http://[fe80::1]": "link-local", "http://[::ffff:169.254.169.254]": "link-local",
		"http://0.0.0.0": "unspecified", "http://[::]": "unspecified", "http://224.0.0.1": "multicast", "http://metadata.google.internal": "the metadata service of a cloud",
		"http://METADATA.google.internal.": "the metadata service", "http://100.100.100.200": "the metadata service", "http://[fd00:ec2::254]": "the metadata service",
		"http://2852039166": "another way to write an address", "http://0xA9FEA9FE": "another way to write an address", "http://0251.0376.0251.0376": "another way to write an address",
		"http://127.1": "another way to write an address",
	} {
		p := parse(t, good)
		p.Spec.Jenkins.URL = url
		got := strings.Join(texts(p.Validate()), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) || strings.Contains(got, "hunter2") {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
	p := parse(t, good)
	p.Spec.Jenkins.CA.Name = "jenkins-ca"
	if diff := cmp.Diff([]string{"warning: spec.jenkins.ca: has no effect, for the url is not https"}, texts(p.Validate())); diff != "" {
		t.Errorf("a CA for http (-want +got):\n%s", diff)
	}
}

func TestNamesAndAnnotationsThatDoNotFit(t *testing.T) {
	p := parse(t, good)
	p.Name = strings.Repeat("x", 64)
	p.Annotations = map[string]string{pool.ScaleUntil: "tomorrow"}
	want := []string{
		"metadata.name: is 64 characters long; allowed are 63, for it is a label of the agents' pods",
		`metadata.annotations[majordomo.dev/scale-until]: is "tomorrow", want a time such as 2026-12-31T18:00:00Z`,
	}
	if diff := cmp.Diff(want, texts(p.Validate())); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// targets are controllers with what is said about them.
var targets = []struct{ target, want string }{
	{"{kind: ReplicaSet, metadata: {name: agent-linux}}", ""},
	{"{kind: ReplicationController}", ""},
	{"{kind: Deployment}", "names a Deployment, which replaces pods on its own when their template changes, and kills their builds; use a ReplicaSet, or set spec.paused: true in it"},
	{"{kind: Deployment, spec: {strategy: {type: Recreate}}}", "names a Deployment"},
	{"{kind: Deployment, spec: {paused: true}}", ""},
	{"{kind: StatefulSet, spec: {podManagementPolicy: Parallel}}", "set spec.updateStrategy.type: OnDelete in it, or use a ReplicaSet"},
	{"{kind: StatefulSet, spec: {podManagementPolicy: Parallel, updateStrategy: {type: RollingUpdate}}}", "names a StatefulSet, which replaces pods on its own"},
	{"{kind: StatefulSet, spec: {updateStrategy: {type: OnDelete}}}", "warning: spec.scaleTargetRef: names a StatefulSet that starts one pod after another"},
	{"{kind: StatefulSet, spec: {podManagementPolicy: Parallel, updateStrategy: {type: OnDelete}}}", ""},
	{"{kind: ReplicaSet, metadata: {ownerReferences: [{kind: Deployment, name: agents, controller: true}]}}", "which belongs to Deployment agents: that scales it"},
	{"{kind: ReplicaSet, metadata: {ownerReferences: [{kind: Deployment, name: agents}]}}", ""},
	{"{kind: ReplicaSet, spec: {template: {metadata: {labels: {majordomo.dev/pool: jvm}}}}}", "whose pods have the label majordomo.dev/pool: jvm, but the pool is linux"},
	{"{kind: ReplicaSet, spec: {template: {spec: {containers: [{env: [{name: AGENT_LABELS, value: docker linux}, {name: AGENT_MODE, value: normal}, {name: X}]}]}}}}", ""},
	{"{kind: ReplicaSet, spec: {template: {spec: {containers: [{env: [{name: AGENT_LABELS, value: linux}]}]}}}}", `warning: spec.labels: are linux docker, but agents offer AGENT_LABELS="linux"`},
	{"{kind: ReplicaSet, spec: {template: {spec: {containers: [{env: [{name: AGENT_MODE, value: exclusive}]}]}}}}", "warning: spec.mode: is normal, but agents have AGENT_MODE=exclusive"},
	{"{kind: ReplicaSet, spec: {template: [strange]}}", ""},
}

func TestTargetsThatKillBuildsAreTold(t *testing.T) {
	for _, tt := range targets {
		p, o := parse(t, good), object(t, tt.target)
		p.Spec.Target.Kind = o["kind"].(string)
		got := strings.Join(texts(p.CheckTarget(o)), "\n")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.target, got, tt.want)
		}
	}
	got := texts(parse(t, good).CheckTarget(nil))
	if diff := cmp.Diff([]string{"spec.scaleTargetRef: names the ReplicaSet agent-linux, which is not in namespace jenkins"}, got); diff != "" {
		t.Errorf("no target (-want +got):\n%s", diff)
	}
}

func TestASecondScalerIsTold(t *testing.T) {
	scaler := func(namespace, ref string) map[string]any {
		return object(t, "{metadata: {name: cpu, namespace: "+namespace+"}, spec: {scaleTargetRef: "+ref+"}}")
	}
	list := []map[string]any{
		scaler("jenkins", "{apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}"), scaler("other", "{apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}"),
		scaler("jenkins", "{apiVersion: apps/v1, kind: ReplicaSet, name: other}"), scaler("jenkins", "{apiVersion: apps/v1, kind: Deployment, name: agent-linux}"),
		scaler("jenkins", "{apiVersion: example.com/v1, kind: ReplicaSet, name: agent-linux}"), scaler("jenkins", "{apiVersion: majordomo.dev/v1alpha1, kind: AgentPool, name: linux}"),
		object(t, "{metadata: {name: empty, namespace: jenkins}}"),
	}
	want := []string{
		"spec.scaleTargetRef: names the ReplicaSet agent-linux, which the HorizontalPodAutoscaler cpu scales too; remove that one",
		"spec.replicas: is written by the HorizontalPodAutoscaler cpu; the pool scales itself, so remove that one",
	}
	if diff := cmp.Diff(want, texts(parse(t, good).CheckAutoscalers(list))); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestPoolsInEachOthersWayAreTold(t *testing.T) {
	a, b, c, d := parse(t, good), parse(t, good), parse(t, good), parse(t, good)
	b.Name, b.Spec.Labels = "other", []string{"docker", "linux"}
	c.Name, c.Spec.Labels, c.Spec.Target.Name = "third", []string{"linux"}, "agent-third"
	d.Namespace = "elsewhere"
	d.Spec.Jenkins.URL = "http://jenkins.jenkins.svc"
	got := map[string][]string{}
	for key, problems := range pool.Conflicts([]*pool.Pool{c, b, d, a}) {
		got[key] = texts(problems)
	}
	want := map[string][]string{
		"jenkins/linux": {"spec.scaleTargetRef: names the ReplicaSet agent-linux, which pool other scales too; each pool needs a target of its own"},
		"jenkins/other": {
			"spec.scaleTargetRef: names the ReplicaSet agent-linux, which pool linux scales too; each pool needs a target of its own",
			"warning: spec.labels: are those of pool jenkins/linux of the same Jenkins; builds go to that one alone",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}
}
