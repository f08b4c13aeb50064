package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// office is a site with a pool and the loop that runs, and service accounts who ask it for something over HTTP.
type office struct {
	*site
	run  *runner
	kube kubernetes.Interface
}

func newOffice(t *testing.T) *office {
	t.Helper()
	kube, err := kubernetes.NewForConfig(real.Config())
	if err != nil {
		t.Fatal(err)
	}
	o := &office{site: newSite(t), kube: kube}
	o.files["overlay/kustomization.yaml"] = "namespace: " + o.env + "\nresources: [casc.yaml, secret.yaml, service.yaml, pool.yaml, agents.yaml]\n"
	o.files["overlay/pool.yaml"] = "apiVersion: majordomo.dev/v1alpha1\nkind: AgentPool\nmetadata: {name: linux}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: agent-linux}\n" +
		"  jenkins: {url: \"http://jenkins\", credentials: {name: jenkins-api}}\n  labels: [linux]\n  min: 1\n  max: 20\n"
	o.files["overlay/agents.yaml"] = "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: agent-linux}\nspec:\n  selector: {matchLabels: {app: agent}}\n" +
		"  template:\n    metadata: {labels: {app: agent}}\n    spec: {containers: [{name: agent, image: example.com/agent:1}]}\n"
	o.commit("a pool")
	o.run = o.start("--leader-election=false")
	o.run.ready()
	o.until("the pool is served", func() bool { _, body := o.run.get("/api/v1/pools"); return strings.Contains(body, `"name":"linux"`) })
	return o
}

func (o *office) until(what string, holds func() bool) {
	o.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if holds() {
			return
		}
		<-tick.C
	}
	o.t.Fatalf("not in time: %s", what)
}

// account makes a service account that may do with the environment and its pools what the verbs say, and returns its token.
func (o *office) account(name string, verbs ...string) string {
	o.t.Helper()
	ctx, meta, whole := o.t.Context(), metav1.ObjectMeta{Name: name}, metav1.ObjectMeta{Name: o.env + "-" + name}
	if _, err := o.kube.CoreV1().ServiceAccounts(o.env).Create(ctx, &core.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil {
		o.t.Fatal(err)
	}
	rules := []rbac.PolicyRule{
		{APIGroups: []string{"majordomo.dev"}, Resources: []string{"environments"}, ResourceNames: []string{o.env}, Verbs: verbs},
		{APIGroups: []string{"majordomo.dev"}, Resources: []string{"agentpools"}, Verbs: verbs},
	}
	subjects := []rbac.Subject{{Kind: "ServiceAccount", Name: name, Namespace: o.env}}
	if len(verbs) > 0 {
		if _, err := o.kube.RbacV1().ClusterRoles().Create(ctx, &rbac.ClusterRole{ObjectMeta: whole, Rules: rules}, metav1.CreateOptions{}); err != nil {
			o.t.Fatal(err)
		}
		bind := &rbac.ClusterRoleBinding{ObjectMeta: whole, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: whole.Name}, Subjects: subjects}
		if _, err := o.kube.RbacV1().ClusterRoleBindings().Create(ctx, bind, metav1.CreateOptions{}); err != nil {
			o.t.Fatal(err)
		}
		o.t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			_ = o.kube.RbacV1().ClusterRoleBindings().Delete(ctx, whole.Name, metav1.DeleteOptions{})
			_ = o.kube.RbacV1().ClusterRoles().Delete(ctx, whole.Name, metav1.DeleteOptions{})
		})
	}
	token, err := o.kube.CoreV1().ServiceAccounts(o.env).CreateToken(ctx, name, &authentication.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	return token.Status.Token
}

// ask sends a request with a token and returns the status and what was said: the sentence, or the error's.
func (o *office) ask(method, path, body, token string) (int, string) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.run.url+"/api/v1/"+path, bytes.NewBufferString(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := new(http.Client).Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	var said struct {
		Done  string
		Error struct{ Message string }
	}
	if json.Unmarshal(text, &said) == nil && said.Done+said.Error.Message != "" {
		return res.StatusCode, said.Done + said.Error.Message
	}
	return res.StatusCode, string(text)
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// sentences is what the command line says, without its marks and the time of day.
func sentences(stderr string) string {
	var out []string
	for line := range strings.Lines(stderr) {
		if _, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out = append(out, text)
		}
	}
	return moment.ReplaceAllString(strings.Join(out, ". "), "TIME")
}

func TestTheAPIActsAsTheCommandLineDoesAndSaysTheSame(t *testing.T) {
	o := newOffice(t)
	token := o.account("operator", "get", "patch")
	env, pool, address := "environments/"+o.env+"/", "pools/"+o.env+"/"+o.env+"/linux/", o.env+"/linux"
	o.until("the rights are in force", func() bool { code, _ := o.ask("POST", env+"resume", `{}`, token); return code == 200 })
	for _, c := range []struct {
		path, body string
		code       int
		args       []string
		exit       int
	}{
		{pool + "scale", `{"replicas":5,"for":"2h"}`, 200, []string{"scale", address, "5", "--for", "2h"}, 0},
		{pool + "scale", `{"replicas":21}`, 400, []string{"scale", address, "21"}, exitUsage},
		{pool + "scale", `{"replicas":1,"for":"800h"}`, 400, []string{"scale", address, "1", "--for", "800h"}, exitUsage},
		{pool + "suspend", `{}`, 200, []string{"suspend", address}, 0},
		{pool + "resume", `{}`, 200, nil, 0},
		{pool + "resume", `{}`, 200, []string{"resume", address}, 0},
		{pool + "drain", `{}`, 200, []string{"drain", address}, 0},
		{pool + "drain", `{"undo":true}`, 200, nil, 0},
		{pool + "drain", `{"undo":true}`, 200, []string{"drain", address, "--undo"}, 0},
		{env + "suspend", `{}`, 200, []string{"suspend", o.env}, 0},
		{env + "resume", `{}`, 200, nil, 0},
		{env + "resume", `{}`, 200, []string{"resume", o.env}, 0},
		{env + "approve", `{"hash":"0000000000000000"}`, 409, []string{"approve", o.env, "0000000000000000", "--yes"}, exitFailure},
		{env + "rollback", `{"to":"0123456"}`, 404, []string{"rollback", o.env, "--to", "0123456"}, exitNotFound},
		{env + "rollback", `{"undo":true}`, 200, []string{"rollback", o.env, "--undo"}, 0},
	} {
		code, said := o.ask("POST", c.path, c.body, token)
		if code != c.code {
			t.Errorf("POST %s %s: %d %s, want %d", c.path, c.body, code, said, c.code)
		}
		if c.args == nil {
			continue
		}
		want := sentences(o.want(c.exit, c.args...).stderr)
		if got := moment.ReplaceAllString(said, "TIME"); got != want {
			t.Errorf("POST %s %s says\n%s\nand majordomo %s says\n%s", c.path, c.body, got, strings.Join(c.args, " "), want)
		}
	}
	if code, said := o.ask("POST", env+"sync", `{}`, token); code != 202 || said != "asked majordomo to sync "+o.env {
		t.Errorf("sync: %d %s", code, said)
	}
	if code, said := o.ask("POST", pool+"drain", `{"agent":"agent-linux-zzzzz"}`, o.account("pods", "get", "patch")); code == 200 {
		t.Errorf("an agent without the right to its pod: %d %s", code, said)
	}
	o.ask("POST", env+"suspend", `{"reason":"migration"}`, token)
	by := "migration (by system:serviceaccount:" + o.env + ":operator)"
	has(t, o.want(0, "status", o.env, "-o", "json").stdout, `"reason": "`+by+`"`)
	o.run.stop()
	has(t, o.run.log.String(), "msg=audit actor=system:serviceaccount:"+o.env+":operator action=scale env="+o.env+" result=done")
	lacks(t, o.run.log.String(), token)
}

func TestWhoMayDoWhatIsWhatRBACSays(t *testing.T) {
	o := newOffice(t)
	tokens := map[string]string{"viewer": o.account("viewer", "get"), "operator": o.account("operator", "get", "patch"), "nobody": o.account("nobody"), "stranger": "x", "without": ""}
	o.until("the rights are in force", func() bool {
		code, _ := o.ask("POST", "environments/"+o.env+"/resume", `{}`, tokens["operator"])
		return code == 200
	})
	o.until("the rights of viewers are in force", func() bool {
		_, body := o.ask("GET", "environments", "", tokens["viewer"])
		return strings.Contains(body, o.env)
	})
	for _, c := range []struct {
		who, method, path, body string
		want                    int
	}{
		{"without", "GET", "environments", "", 200},
		{"viewer", "GET", "environments", "", 200},
		{"nobody", "GET", "environments", "", 200},
		{"stranger", "GET", "environments", "", 401},
		{"without", "POST", "environments/" + o.env + "/sync", `{}`, 401},
		{"viewer", "POST", "environments/" + o.env + "/sync", `{}`, 403},
		{"operator", "POST", "environments/" + o.env + "/sync", `{}`, 202},
		{"nobody", "POST", "environments/" + o.env + "/sync", `{}`, 404},
		{"viewer", "POST", "pools/" + o.env + "/" + o.env + "/linux/scale", `{"replicas":2}`, 403},
		{"operator", "POST", "pools/" + o.env + "/" + o.env + "/linux/scale", `{"replicas":2}`, 200},
		{"operator", "POST", "pools/" + o.env + "/" + o.env + "/windows/drain", `{}`, 404},
		{"operator", "POST", "environments/nowhere/sync", `{}`, 404},
	} {
		if code, said := o.ask(c.method, c.path, c.body, tokens[c.who]); code != c.want {
			t.Errorf("%s %s by %s: %d %s, want %d", c.method, c.path, c.who, code, said, c.want)
		}
	}
	for who, sees := range map[string]bool{"without": true, "viewer": true, "nobody": false} {
		for _, path := range []string{"environments", "pools", "state"} {
			if _, body := o.ask("GET", path, "", tokens[who]); strings.Contains(body, o.env) != sees {
				t.Errorf("%s for %s shows the environment: %t, want %t\n%s", path, who, !sees, sees, body)
			}
		}
	}
}

func TestAnApprovalIsForTheHashThatWasSeen(t *testing.T) {
	o := newOffice(t)
	token := o.account("operator", "get", "patch")
	o.until("the rights are in force", func() bool {
		code, _ := o.ask("POST", "environments/"+o.env+"/resume", `{}`, token)
		return code == 200
	})
	o.files["overlay/kustomization.yaml"] = strings.Replace(o.files["overlay/kustomization.yaml"], "casc.yaml, ", "", 1)
	o.commit("without the ConfigMap")
	o.ask("POST", "environments/"+o.env+"/sync", `{}`, token)
	held := func() string {
		var at struct {
			Status struct{ Held struct{ Hash string } }
		}
		raw, _ := o.object().MarshalJSON()
		_ = json.Unmarshal(raw, &at)
		return at.Status.Held.Hash
	}
	hash := ""
	o.until("a prune is held", func() bool {
		hash = held()
		return hash != ""
	})
	if code, said := o.ask("POST", "environments/"+o.env+"/approve", `{"hash":"`+strings.Repeat("0", len(hash))+`"}`, token); code != 409 || !strings.Contains(said, "the prune that waits is "+hash) {
		t.Errorf("another hash: %d %s, want 409", code, said)
	}
	if _, err := o.configMaps().Get(t.Context(), "casc", metav1.GetOptions{}); err != nil {
		t.Fatalf("after an approval of something else: %v", err)
	}
	var wait sync.WaitGroup
	codes := make([]int, 2)
	for i := range codes {
		wait.Go(func() {
			codes[i], _ = o.ask("POST", "environments/"+o.env+"/approve", `{"hash":"`+hash+`","reason":"CHG-1"}`, token)
		})
	}
	wait.Wait()
	if min(codes[0], codes[1]) != 200 || max(codes[0], codes[1]) != 200 && max(codes[0], codes[1]) != 409 {
		t.Errorf("two approvals at once: %v, want 200, and 200 or 409", codes)
	}
	o.until("the prune is done", func() bool {
		_, err := o.configMaps().Get(t.Context(), "casc", metav1.GetOptions{})
		return apierrors.IsNotFound(err) && held() == ""
	})
	if code, said := o.ask("POST", "environments/"+o.env+"/approve", `{"hash":"`+hash+`"}`, token); code != 409 {
		t.Errorf("once it is done: %d %s, want 409", code, said)
	}
}
