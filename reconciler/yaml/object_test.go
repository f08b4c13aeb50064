package yaml

import (
	"strings"
	"testing"

	"majordomo.dev/reconciler/object"
)

func objectOf(t *testing.T, text string) object.Object {
	t.Helper()
	docs, err := Parse("f.yaml", []byte(text), Limits{})
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, error %v", len(docs), err)
	}
	return docs[0].Object
}

// checkCase is an object and the problem that it has, "" for none.
type checkCase struct{ name, text, want string }

func (c checkCase) run(t *testing.T) {
	problems, _ := Check(objectOf(t, c.text))
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	got := strings.Join(all, "\n")
	if !strings.Contains(got, c.want) || c.want == "" && got != "" {
		t.Errorf("problems %q, want %q", got, c.want)
	}
}

func TestCheckNames(t *testing.T) {
	named := func(apiVersion, kind, name string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: \"" + name + "\"}\n"
	}
	for _, c := range []checkCase{
		{"missing apiVersion", "kind: ConfigMap\nmetadata: {name: a}\n", ".apiVersion: is missing"},
		{"missing kind", "apiVersion: v1\nmetadata: {name: a}\n", ".kind: is missing"},
		{"missing name", "apiVersion: v1\nkind: ConfigMap\n", ".metadata.name: is missing"},
		{"name that is a number", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n", ".metadata.name: is missing, or no text"},
		{"apiVersion with two slashes", "apiVersion: a/b/c\nkind: X\nmetadata: {name: a}\n", "is no API"},
		{"generateName", "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n", ".metadata.generateName: gives the object a new name on each sync"},
		{"name with upper case", named("v1", "ConfigMap", "Abc"), `.metadata.name: "Abc" is no name for a ConfigMap; allowed are lower case letters`},
		{"name that climbs", named("v1", "ConfigMap", "../x"), `"../x" is no name`},
		{"name of 300 characters", named("v1", "ConfigMap", strings.Repeat("a", 300)), "is 300 characters long, with namePrefix and nameSuffix; allowed are 253"},
		{"service that begins with a digit", named("v1", "Service", "1a"), "with a letter first"},
		{"namespace with a dot", named("v1", "Namespace", "a.b"), "is no name for a Namespace"},
		{"workload of 64 characters", named("apps/v1", "StatefulSet", strings.Repeat("a", 64)), "allowed are 63"},
		{"cron job of 53 characters", named("batch/v1", "CronJob", strings.Repeat("a", 53)), "allowed are 52"},
		{"role with a slash", named("rbac.authorization.k8s.io/v1", "Role", "a/b"), "anything but /, %, . and .."},
		{"role with a colon", named("rbac.authorization.k8s.io/v1", "Role", "system:x"), ""},
	} {
		t.Run(c.name, c.run)
	}
}

func TestCheckMetadata(t *testing.T) {
	meta := func(text string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  " + text + "\n"
	}
	for _, c := range []checkCase{
		{"namespace that is none", meta("namespace: A_b"), `.metadata.namespace: "A_b" is no namespace`},
		{"status", meta("labels: {}") + "status: {phase: x}\n", ".status: is the server's; remove it"},
		{"empty status", meta("labels: {}") + "status: {}\n", ""},
		{"uid", meta("uid: x"), ".metadata.uid: is set by the cluster"},
		{"resourceVersion", meta(`resourceVersion: "5"`), ".metadata.resourceVersion: is set by the cluster"},
		{"managedFields", meta("managedFields: [{manager: x}]"), ".metadata.managedFields: is set by the cluster"},
		{"ownerReferences", meta("ownerReferences: [{uid: x}]"), ".metadata.ownerReferences: is set by the cluster"},
		{"finalizers", meta("finalizers: [x/y]"), ".metadata.finalizers: is set by the cluster"},
		{"creationTimestamp", meta("creationTimestamp: 2026-01-01T00:00:00Z"), ".metadata.creationTimestamp: is set by the cluster"},
		{"creationTimestamp null, as tools write it", meta("creationTimestamp: null"), ""},
		{"label value of 64 characters", meta("labels: {a: " + strings.Repeat("x", 64) + "}"), ".metadata.labels.a: the value is 64 characters long"},
		{"label key with a space", meta("labels: {a b: x}"), `.metadata.labels["a b"]: is no label key`},
		{"label that is a number", meta("labels: {a: 1}"), ".metadata.labels.a: is a number; allowed is text, so put it in quotes"},
		{"label that is a list", meta("labels: [a]"), ".metadata.labels: is a list; allowed is a map of texts"},
		{"annotations of 300 KiB", meta("annotations: {a: " + strings.Repeat("x", 300<<10) + "}"), ".metadata.annotations: are 307201 bytes together; allowed are 262144"},
		{"annotation key", meta("annotations: {a/b/c: x}"), "is no annotation key"},
	} {
		t.Run(c.name, c.run)
	}
}

func TestCheckQuantities(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    resources: "
	const pool = "apiVersion: majordomo.dev/v1alpha1\nkind: AgentPool\nmetadata: {name: p}\nspec: "
	for _, c := range []checkCase{
		{"negative quantity", pod + "{requests: {cpu: -1}}\n", ".spec.containers[0].resources.requests.cpu: \"-1\" is no quantity; allowed are"},
		{"absurd quantity", pod + "{limits: {memory: 1e99Gi}}\n", ".limits.memory: \"1e99Gi\" is no quantity"},
		{"overflowing quantity", pod + "{limits: {memory: \"1e30\"}}\n", ".limits.memory: \"1e30\" is no quantity"},
		{"quantity with a wrong unit", pod + "{limits: {memory: 512MB}}\n", "\"512MB\" is no quantity"},
		{"quantities that are a text", pod + "{limits: none}\n", ".limits: is text; allowed is a map of quantities"},
		{"good quantities", pod + "{requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 1.5, memory: 2e9}}\n", ""},
		{"storage of a claim", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {resources: {requests: {storage: 10GB}}}\n", ".spec.resources.requests.storage: \"10GB\" is no quantity"},
		{"capacity of a volume", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {capacity: {storage: -5Gi}}\n", ".spec.capacity.storage: \"-5Gi\" is no quantity"},
		{"quota", "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\nspec: {hard: {pods: many}}\n", ".spec.hard.pods: \"many\" is no quantity"},
		{"size limit", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{name: v, emptyDir: {sizeLimit: 1Gb}}]}\n", ".sizeLimit: \"1Gb\" is no quantity"},
		{"fields of foreign kinds may be called anything", "apiVersion: example.com/v1\nkind: X\nmetadata: {name: a}\nspec: {resources: {limits: {cpu: lots}}, duration: 5}\n", ""},
		{"negative duration", pool + "{schedules: [{duration: -5m}]}\n", ".spec.schedules[0].duration: \"-5m\" is no duration; allowed are"},
		{"duration without unit", pool + "{schedules: [{duration: 5}]}\n", ".duration: \"5\" is no duration"},
		{"duration of a year", pool + "{recycle: {age: 1y}}\n", ".spec.recycle.age: \"1y\" is no duration"},
		{"duration of a thousand million hours", pool + "{recycle: {age: 1000000000h}}\n", "is no duration"},
		{"good durations", pool + "{schedules: [{duration: 10h}], recycle: {age: 24h}}\n", ""},
	} {
		t.Run(c.name, c.run)
	}
}

func TestWarn(t *testing.T) {
	cases := []struct{ name, data, want string }{
		{"text turned around", `{a: "x\u202ey"}`, ".data.a: has the character U+202E, which turns the direction of text"},
		{"character without width", `{a: "x\u200by"}`, ".data.a: has the character U+200B, which is invisible"},
		{"invisible key", `{"a\u2060": x}`, "has the character U+2060, which is invisible"},
		{"Cyrillic letter in a name", `{name: "p\u0430ypal"}`, ".data.name: has the letter U+0430, which is not ASCII"},
		{"other languages are fine", `{a: "Grüße, 世界"}`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			problems, warnings := Check(objectOf(t, identity+"data: "+c.data+"\n"))
			var got string
			for _, w := range warnings {
				got += w.Error() + "\n"
			}
			if len(problems) > 0 || !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("problems %v, warnings %q; want %q", problems, got, c.want)
			}
		})
	}
}
