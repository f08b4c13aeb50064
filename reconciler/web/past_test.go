package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/history"
	"majordomo.dev/reconciler/timeline"
	"majordomo.dev/reconciler/window"
)

// past is a past that a test makes.
type past struct {
	samples *history.History
	log     *timeline.Log
}

func (p past) Series(pool string, from, to time.Time, step time.Duration) (window.Series, bool) {
	return p.samples.Series(pool, from, to, step), p.samples.Knows(pool)
}
func (p past) Entries(f timeline.Filter) ([]window.Entry, bool) { return p.log.Find(f) }
func (p past) Add(e window.Entry)                               { p.log.Add(noon, e) }

const linux = "gke/jenkins/linux"

// before is a past of an hour of looks at one pool, and of some entries.
func before() past {
	p := past{history.New(), &timeline.Log{}}
	for i := range 360 {
		p.samples.Add(noon.Add(-time.Hour+time.Duration(i)*history.Look), map[string]history.Sample{linux: {Busy: i % 5, Max: 9}})
	}
	p.log.Add(noon.Add(-time.Hour), window.Entry{Kind: window.Synced, Environment: "gke", Text: "commit aaaaaaa is applied", Revision: "aaaaaaa"})
	p.log.Add(noon.Add(-time.Minute), window.Entry{Kind: window.Scaled, Environment: "gke", Pool: linux, Text: "=cmd|' /C calc'!A0", From: 1, To: 2})
	p.log.Add(noon, window.Entry{Kind: window.Reported, Text: "-1 is no answer,\nsays \"git\"", Actor: "@sum", Bad: true})
	return p
}

func remembering(p Past) func(*Options) { return func(o *Options) { o.Past = p } }

func TestHistoryIsThatOfTheLastHourUnlessAskedFor(t *testing.T) {
	p := before()
	b := newBench(t, remembering(p))
	for query, want := range map[string]window.Series{
		"":                                p.samples.Series(linux, noon.Add(-time.Hour), noon, 0),
		"&from=1&to=2000000000&step=3600": p.samples.Series(linux, time.Unix(1, 0), time.Unix(2_000_000_000, 0), time.Hour),
		"&step=60":                        p.samples.Series(linux, noon.Add(-time.Hour), noon, time.Minute),
		"&from=1&to=100":                  p.samples.Series(linux, time.Unix(1, 0), time.Unix(100, 0), 0),
		"&format=json&to=" + seconds(noon.Unix()): p.samples.Series(linux, noon.Add(-time.Hour), noon, 0),
	} {
		w := ask(t, b, "/api/v1/history?pool="+linux+query)
		var got window.Series
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %v %s", query, w.Code, err, w.Body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: series (-want +got):\n%s", query, diff)
		}
	}
	s := newScene(window.State{Pools: []window.Pool{{Environment: "gke", Namespace: "jenkins", Name: "new"}}})
	if w := ask(t, newBench(t, remembering(p), showing(s)), "/api/v1/history?pool=gke/jenkins/new"); w.Code != 200 || !strings.Contains(w.Body.String(), `"at":[]`) {
		t.Errorf("a pool that is there and has no history yet: %d %s", w.Code, w.Body)
	}
}

func seconds(n int64) string { return string(json.RawMessage(must(json.Marshal(n)))) }

func must(b []byte, _ error) []byte { return b }

func TestWrongParametersAreNamed(t *testing.T) {
	b := newBench(t, remembering(before()))
	for path, want := range map[string]Fault{
		"history":                                       {"BadRequest", `pool is ""; want ENVIRONMENT/NAMESPACE/NAME`, "pool"},
		"history?pool=gke/linux":                        {"BadRequest", `pool is "gke/linux"; want ENVIRONMENT/NAMESPACE/NAME`, "pool"},
		"history?pool=gke/jenkins/other":                {"NotFound", `no pool "gke/jenkins/other" is known; want ENVIRONMENT/NAMESPACE/NAME of one`, "pool"},
		"history?pool=gke/jenkins/linux&from=yesterday": {"BadRequest", `from is "yesterday"; want a whole number from 0 to 253402300799`, "from"},
		"history?pool=gke/jenkins/linux&from=20&to=10":  {"BadRequest", "from is 20 and to is 10; want from before to", "from"},
		"history?pool=gke/jenkins/linux&step=0":         {"BadRequest", `step is "0"; want a whole number from 1 to 34560000`, "step"},
		"history?pool=gke/jenkins/linux&format=xml":     {"BadRequest", `format is "xml"; allowed: json, csv`, "format"},
		"history?pool=gke/jenkins/linux&pool=a/b/c":     {"BadRequest", "pool is there 2 times; want it once", "pool"},
		"history?pol=gke/jenkins/linux":                 {"BadRequest", `there is no parameter "pol"; allowed: pool, from, to, step, format`, "pol"},
		"history?pool=%zz":                              {"BadRequest", `the parameters cannot be read: invalid URL escape "%zz"`, ""},
		"timeline?kind=build": {
			"BadRequest", `kind is "build"; allowed: sync, drift, hold, state, scale, rollout, jenkins, action, fault`, "kind",
		},
		"timeline?limit=10001": {"BadRequest", `limit is "10001"; want a whole number from 1 to 10000`, "limit"},
		"timeline?before=-1":   {"BadRequest", `before is "-1"; want a whole number from 1 to 9223372036854775807`, "before"},
		"timeline?pool=linux":  {"BadRequest", `pool is "linux"; want ENVIRONMENT/NAMESPACE/NAME`, "pool"},
		"timeline?from=5&to=5": {"BadRequest", "from is 5 and to is 5; want from before to", "from"},
	} {
		w := ask(t, b, "/api/v1/"+path)
		var got Problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if diff := cmp.Diff(want, got.Error); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestTheTimelineIsTheNewestFirstAndGoesOn(t *testing.T) {
	b := newBench(t, remembering(before()))
	for path, want := range map[string]struct {
		ids  []uint64
		more bool
	}{
		"":                                      {[]uint64{3, 2, 1}, false},
		"?limit=2":                              {[]uint64{3, 2}, true},
		"?limit=2&before=2":                     {[]uint64{1}, false},
		"?env=gke":                              {[]uint64{2, 1}, false},
		"?kind=scale&pool=gke/jenkins/linux":    {[]uint64{2}, false},
		"?env=nowhere":                          {[]uint64{}, false},
		"?from=1&to=" + seconds(noon.Unix()-70): {[]uint64{1}, false},
	} {
		w := ask(t, b, "/api/v1/timeline"+path)
		var got Timeline
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Items == nil {
			t.Fatalf("%s: %d %v %s", path, w.Code, err, w.Body)
		}
		ids := []uint64{}
		for _, e := range got.Items {
			ids = append(ids, e.ID)
		}
		if !cmp.Equal(ids, want.ids) || got.More != want.more {
			t.Errorf("%s: %v, more %v; want %v, %v", path, ids, got.More, want.ids, want.more)
		}
	}
}

func TestNoCellOfATableIsAFormula(t *testing.T) {
	b := newBench(t, remembering(before()))
	w := ask(t, b, "/api/v1/timeline?format=csv")
	at := noon.UTC()
	want := "id,time,kind,environment,pool,text,revision,actor,from,to,bad\n" +
		"3," + at.Format(time.RFC3339) + ",fault,,,\"'-1 is no answer, says \"\"git\"\"\",,'@sum,,,true\n" +
		"2," + at.Format(time.RFC3339) + ",scale,gke,gke/jenkins/linux,'=cmd|' /C calc'!A0,,,1,2,false\n" +
		"1," + at.Format(time.RFC3339) + ",sync,gke,,commit aaaaaaa is applied,aaaaaaa,,,,false\n"
	got := w.Body.String()
	for _, early := range []time.Duration{time.Minute, time.Hour} {
		got = strings.ReplaceAll(got, at.Add(-early).Format(time.RFC3339), at.Format(time.RFC3339))
	}
	if diff := cmp.Diff(want, got); diff != "" || w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		t.Errorf("%v (-want +got):\n%s", w.Header(), diff)
	}
	w = ask(t, b, "/api/v1/history?pool="+linux+"&format=csv&step=3600&from="+seconds(noon.Unix()-3600))
	lines := strings.Split(w.Body.String(), "\n")
	if len(lines) != 3 || lines[0] != "time,queued,oldest_seconds,busy,idle,starting,draining,offline,desired,min,max" || !strings.HasSuffix(lines[1], ",0,0,2,0,0,0,0,0,0,9") {
		t.Errorf("history as a table:\n%s", w.Body)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="majordomo-history.csv"` {
		t.Errorf("Content-Disposition is %q", got)
	}
}

func TestThePastOfAnEnvironmentIsForThoseWhoMaySeeIt(t *testing.T) {
	p := before()
	p.log.Add(noon, window.Entry{Kind: window.Synced, Environment: "vagrant", Text: "secret"})
	b := guarded(t, newRealm(), remembering(p))
	get := func(path, token string) (int, string) {
		w := b.call(t, call{method: http.MethodGet, path: "/api/v1/" + path, token: token})
		return w.Code, w.Body.String()
	}
	for _, path := range []string{"history?pool=" + linux, "timeline"} {
		if code, _ := get(path, ""); code != http.StatusUnauthorized {
			t.Errorf("GET %s without a login: %d", path, code)
		}
		if code, body := get(path, "v"); code != 200 || strings.Contains(body, "secret") {
			t.Errorf("GET %s by who may see gke: %d %s", path, code, body)
		}
	}
	if code, body := get("timeline", "v"); !strings.Contains(body, "commit aaaaaaa is applied") {
		t.Errorf("who may see gke sees %d %s", code, body)
	}
	if code, _ := get("history?pool="+linux, "n"); code != http.StatusNotFound {
		t.Errorf("history of a pool that one may not see: %d, want 404", code)
	}
	if _, body := get("timeline", "n"); !strings.Contains(body, `"items":[]`) {
		t.Errorf("who may see nothing sees %s", body)
	}
}

// apart is a past that must not be kept waiting for the cluster: it tells how often that was asked while it looked.
type apart struct {
	past
	realm *realm
	asked *int
}

func (a apart) Entries(f timeline.Filter) ([]window.Entry, bool) {
	before := a.realm.rightsAsked()
	list, more := a.past.Entries(f)
	*a.asked += a.realm.rightsAsked() - before
	return list, more
}

func TestThePageAndTheTimelineTellTheSameToEach(t *testing.T) {
	p := past{history.New(), &timeline.Log{}}
	for _, environment := range []string{"gke", "vagrant", "gone", ""} {
		p.log.Add(noon, window.Entry{Kind: window.Reported, Environment: environment, Text: "told-of-" + environment + "."})
	}
	m, asked := newRealm(), 0
	m.people["a"] = access.Person{Name: "admin"}
	m.rights["admin"] = []string{right("get", "environments.majordomo.dev")}
	b := guarded(t, m, remembering(apart{p, m, &asked}), showing(newScene(window.State{})))
	for token, want := range map[string]string{"a": "gke vagrant gone  ", "v": "gke  ", "n": ""} {
		for _, path := range []string{"/api/v1/timeline", "/history"} {
			text, got := b.call(t, call{path: path, token: token}).Body.String(), ""
			for _, environment := range []string{"gke", "vagrant", "gone", ""} {
				if strings.Contains(text, "told-of-"+environment+".") {
					got += environment + " "
				}
			}
			if got != want {
				t.Errorf("%s for %s tells of %q, want %q", path, token, got, want)
			}
		}
	}
	if asked > 0 {
		t.Errorf("the cluster was asked %d times while the past was held", asked)
	}
}

func TestAnActionIsInTheTimelineWithWhoDidIt(t *testing.T) {
	p := past{history.New(), &timeline.Log{}}
	b := guarded(t, newRealm(), remembering(p))
	for path, body := range map[string]string{"pools/gke/jenkins/linux/scale": `{"replicas":3}`, "environments/vagrant/sync": `{}`} {
		b.call(t, post(path, body, "o"))
	}
	list, _ := p.log.Find(timeline.Filter{})
	if len(list) != 1 || list[0].Kind != window.Acted || list[0].Pool != linux || list[0].Environment != "gke" || list[0].Actor == "" || list[0].Text == "" {
		t.Errorf("entries %+v, want what was done, and not what was refused", list)
	}
}
