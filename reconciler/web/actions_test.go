package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/access"
)

func logTo(to *strings.Builder) func(*Options) {
	return func(o *Options) { o.Log = slog.New(slog.NewTextHandler(to, nil)) }
}

func post(path, body, token string) call {
	return call{method: http.MethodPost, path: "/api/v1/" + path, body: body, token: token}
}

func TestWhoMayDoWhat(t *testing.T) {
	b := guarded(t, newRealm())
	routes := map[string]string{
		"environments/gke/sync": `{}`, "environments/gke/approve": `{"hash":"h"}`, "environments/gke/rollback": `{"to":"abcd"}`, "environments/gke/suspend": `{}`,
		"environments/gke/resume": `{}`, "pools/gke/jenkins/linux/scale": `{"replicas":3}`, "pools/gke/jenkins/linux/drain": `{}`,
		"pools/gke/jenkins/linux/suspend": `{}`, "pools/gke/jenkins/linux/resume": `{}`,
	}
	for path, body := range routes {
		done := 200
		if strings.HasSuffix(path, "/sync") {
			done = 202
		}
		for token, want := range map[string]int{"": 401, "v": 403, "o": done, "n": 404, "x": 401} {
			if got := b.call(t, post(path, body, token)).Code; got != want {
				t.Errorf("POST %s by %q: %d, want %d", path, token, got, want)
			}
		}
		local := post(path, body, "")
		local.listener, local.peer, local.host = near("").listener, near("").peer, near("").host
		if w := b.call(t, local); w.Code != 401 || !strings.Contains(w.Body.String(), "without a login one can look, not act") {
			t.Errorf("POST %s from the machine itself, without a login: %d %s", path, w.Code, w.Body)
		}
		other := strings.NewReplacer("/gke", "/vagrant").Replace(path)
		for token, want := range map[string]int{"v": 404, "o": 404, "n": 404} {
			if got := b.call(t, post(other, body, token)).Code; got != want {
				t.Errorf("POST %s by %q: %d, want %d", other, token, got, want)
			}
		}
	}
	for _, path := range []string{"pools/gke/jenkins/other/drain", "pools/gke/elsewhere/linux/drain"} {
		if got := b.call(t, post(path, `{}`, "o")).Code; got != 403 {
			t.Errorf("POST %s: %d, want 403", path, got)
		}
	}
	if got := b.call(t, post("pools/gke/jenkins/linux/drain", `{"agent":"agent-2"}`, "o")).Code; got != 403 {
		t.Errorf("an agent whose pod one may not change: %d, want 403", got)
	}
	if got := b.call(t, post("pools/gke/jenkins/linux/drain", `{"agent":"agent-1"}`, "o")).Code; got != 200 {
		t.Errorf("an agent whose pod one may change: %d, want 200", got)
	}
}

func TestWhatAnActionSays(t *testing.T) {
	var got access.Action
	b := guarded(t, newRealm(), func(o *Options) {
		o.Act = func(_ context.Context, a access.Action) (string, error) { got = a; return "done", nil }
	})
	operator := access.Person{Name: "operator"}
	env, pool := access.Subject{Environment: "gke"}, access.Subject{Environment: "gke", Namespace: "jenkins", Pool: "linux"}
	for _, c := range []struct {
		path, body string
		want       access.Action
	}{
		{"environments/gke/sync", `{}`, access.Action{Do: access.Sync, On: env}},
		{"environments/gke/approve", `{"hash":"9c11","reason":"CHG-1"}`, access.Action{Do: access.Approve, On: env, Hash: "9c11", Reason: "CHG-1"}},
		{"environments/gke/rollback", `{"undo":true}`, access.Action{Do: access.Rollback, On: env, Undo: true}},
		{"environments/gke/resume", `{}`, access.Action{Do: access.Suspend, On: env, Undo: true}},
		{"pools/gke/jenkins/linux/scale", `{"replicas":3}`, access.Action{Do: access.Scale, On: pool, Replicas: 3, For: time.Hour}},
		{"pools/gke/jenkins/linux/scale", `{"replicas":3,"for":"2h","reason":"r"}`, access.Action{Do: access.Scale, On: pool, Replicas: 3, For: 2 * time.Hour, Reason: "r"}},
		{"pools/gke/jenkins/linux/scale", `{"replicas":0}`, access.Action{Do: access.Scale, On: pool, Undo: true}},
		{"pools/gke/jenkins/linux/drain", `{"undo":true}`, access.Action{Do: access.Drain, On: pool, Undo: true}},
	} {
		c.want.Who = operator
		if w := b.call(t, post(c.path, c.body, "o")); w.Code/100 != 2 || strings.TrimSpace(w.Body.String()) != `{"done":"done"}` {
			t.Errorf("%s %s: %d %s", c.path, c.body, w.Code, w.Body)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.path, c.body, diff)
		}
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	b := guarded(t, newRealm(), func(o *Options) {
		o.Act = func(context.Context, access.Action) (string, error) { t.Error("it was done"); return "", nil }
	})
	for _, c := range []struct{ path, body, want string }{
		{"environments/gke/sync", `{"force":true}`, `"field":"force"`},
		{"environments/gke/sync", `[]`, "no JSON object"},
		{"environments/gke/sync", `null`, "no JSON object"},
		{"environments/gke/sync", `{} {}`, "no JSON object"},
		{"environments/gke/approve", `{}`, `"field":"hash"`},
		{"environments/gke/approve", `{"hash":7}`, `"field":"hash"`},
		{"environments/gke/approve", `{"hash":"h","to":"x"}`, `"field":"to"`},
		{"environments/gke/rollback", `{}`, `"field":"to"`},
		{"environments/gke/rollback", `{"to":"x","undo":true}`, `"field":"to"`},
		{"pools/gke/jenkins/linux/scale", `{}`, `"field":"replicas"`},
		{"pools/gke/jenkins/linux/scale", `{"replicas":-1}`, `"field":"replicas"`},
		{"pools/gke/jenkins/linux/scale", `{"replicas":1.5}`, `"field":"replicas"`},
		{"pools/gke/jenkins/linux/scale", `{"replicas":1,"for":"soon"}`, `"field":"for"`},
		{"environments/gke/suspend", `{"reason":"` + strings.Repeat("x", 70000) + `"}`, "65536 bytes"},
	} {
		if w := b.call(t, post(c.path, c.body, "o")); w.Code != 400 || !strings.Contains(w.Body.String(), c.want) || !strings.Contains(w.Body.String(), `"code":"BadRequest"`) {
			t.Errorf("%s %.60s: %d %s, want 400 with %s", c.path, c.body, w.Code, w.Body, c.want)
		}
	}
}

func TestOtherSitesDoNothing(t *testing.T) {
	b := guarded(t, newRealm(), func(o *Options) {
		o.Act = func(context.Context, access.Action) (string, error) { t.Error("it was done"); return "", nil }
	})
	cookie := b.enter(t, call{}, "o")
	for name, header := range map[string]map[string]string{
		"another site": {"Sec-Fetch-Site": "cross-site"}, "another host of the site": {"Sec-Fetch-Site": "same-site"}, "another origin": {"Origin": "https://evil.example"},
		"a form": {"Content-Type": "application/x-www-form-urlencoded"}, "text": {"Content-Type": "text/plain"}, "JSON as text": {"Content-Type": "text/plain; application/json"},
	} {
		c := with(post("environments/gke/sync", `{}`, ""), cookie)
		for k, v := range header {
			c.header[k] = v
		}
		if got := b.call(t, c).Code; got != 403 && got != 400 {
			t.Errorf("%s: %d, want 403 or 400", name, got)
		}
	}
	for path := range map[string]bool{"environments/gke/sync": true, "pools/gke/jenkins/linux/drain": true} {
		if got := b.call(t, with(call{path: "/api/v1/" + path}, cookie)).Code; got != 405 {
			t.Errorf("GET %s: %d, want 405", path, got)
		}
	}
}

func TestEachActionIsWrittenDown(t *testing.T) {
	log := &strings.Builder{}
	b := guarded(t, newRealm(), logTo(log), func(o *Options) {
		act := o.Act
		o.Act = func(ctx context.Context, a access.Action) (string, error) {
			if a.Do == access.Approve {
				return "", &access.Refusal{Code: access.Conflict, Field: "hash", Err: errors.New("the prune that waits is another one")}
			}
			return act(ctx, a)
		}
	})
	b.call(t, post("pools/gke/jenkins/linux/scale", `{"replicas":3,"reason":"release\nday"}`, "o"))
	b.call(t, post("environments/gke/suspend", `{"reason":"x"}`, "v"))
	b.call(t, post("environments/gke/approve", `{"hash":"h"}`, "o"))
	local := near("/api/v1/environments/gke/sync")
	local.method, local.body = http.MethodPost, "{}"
	b.call(t, local)
	b.call(t, post("environments/gke%0Amsg=audit%20actor=root/sync", `{}`, "o"))
	for _, want := range []string{
		`msg=audit actor=operator action=scale env=gke result=done reason="release day" peer=192.0.2.1 namespace=jenkins pool=linux`,
		`msg=audit actor=viewer action=suspend env=gke result=Forbidden reason=x peer=192.0.2.1 err="you may not suspend gke: that takes`,
		`msg=audit actor=operator action=approve env=gke result=Conflict`, `msg=audit actor="" action=sync env=gke result=Unauthorized reason="" peer=127.0.0.1`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if strings.Count(log.String(), "\n") != 5 {
		t.Errorf("not five lines:\n%s", log)
	}
	metrics := b.call(t, call{path: "/metrics"}).Body.String()
	for _, want := range []string{`{action="scale",result="done"} 1`, `{action="suspend",result="Forbidden"} 1`, `{action="approve",result="Conflict"} 1`, `{action="sync",result="Unauthorized"} 1`} {
		if !strings.Contains(metrics, "majordomo_api_actions_total"+want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestActionsHaveALimitForEachPerson(t *testing.T) {
	m := newRealm()
	m.people["p"] = access.Person{Name: "other"}
	m.rights["other"] = m.rights["operator"]
	now := noon
	b := guarded(t, m, func(o *Options) { o.Now = func() time.Time { return now } })
	got := map[int]int{}
	for range 40 {
		got[b.call(t, post("environments/gke/sync", `{}`, "o")).Code]++
	}
	if diff := cmp.Diff(map[int]int{202: actionPace().eachBurst, 429: 40 - actionPace().eachBurst}, got); diff != "" {
		t.Errorf("40 actions at once (-want +got):\n%s", diff)
	}
	if code := b.call(t, post("environments/gke/sync", `{}`, "p")).Code; code != 202 {
		t.Errorf("another person: %d", code)
	}
	now = now.Add(time.Second)
	if code := b.call(t, post("environments/gke/sync", `{}`, "o")).Code; code != 202 {
		t.Errorf("a second later: %d", code)
	}
}
