package main

import (
	"path/filepath"
	"testing"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"
)

// logic is a machine that has loaded the pure sources, each under the name of its file.
func logic(t *testing.T, names ...string) *goja.Runtime {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	machine := goja.New()
	for _, name := range names {
		built := api.Build(api.BuildOptions{
			EntryPoints: []string{filepath.Join(dir, "src", name+".ts")}, AbsWorkingDir: dir, Bundle: true,
			Format: api.FormatIIFE, GlobalName: name, Target: api.ES2017, LogLevel: api.LogLevelSilent, TsconfigRaw: "{}",
		})
		if len(built.Errors) > 0 {
			t.Fatalf("%s: %v", name, built.Errors)
		}
		if _, err := machine.RunString(string(built.OutputFiles[0].Contents)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return machine
}

// says checks expressions of the sources against what their values are as JSON.
func says(t *testing.T, machine *goja.Runtime, want map[string]string) {
	t.Helper()
	for expression, value := range want {
		got, err := machine.RunString("JSON.stringify(" + expression + ")")
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if got.String() != value {
			t.Errorf("%s = %s, want %s", expression, got, value)
		}
	}
}

func TestTimesAreWrittenForPeople(t *testing.T) {
	says(t, logic(t, "format"), map[string]string{
		`format.span(-3)`:                                `"0 s"`,
		`format.span(59.4)`:                              `"59 s"`,
		`format.span(190)`:                               `"3 min 10 s"`,
		`format.span(3600)`:                              `"1 h"`,
		`format.span(7500)`:                              `"2 h 5 min"`,
		`format.span(4 * 86400 + 3 * 3600)`:              `"4 d 3 h"`,
		`format.coarse(119)`:                             `"1 min"`,
		`format.coarse(40 * 3600)`:                       `"40 h"`,
		`format.coarse(50 * 3600)`:                       `"2 d"`,
		`format.lasted("168ms")`:                         `"168 ms"`,
		`format.lasted("1m3.25s")`:                       `"1 min 3 s"`,
		`format.lasted("2.04s")`:                         `"2.0 s"`,
		`format.lasted(undefined)`:                       `""`,
		`format.clock(1795983152, 1795983200, true)`:     `"20:12:32"`,
		`format.clock(1795983152, 1796983200, true)`:     `"29 Nov 20:12"`,
		`format.full(1795983152, true)`:                  `"2026-11-29 20:12:32 UTC"`,
		`format.seconds("0001-01-01T00:00:00Z") ?? null`: `null`,
		`format.seconds("2026-11-29T20:12:32Z")`:         `1795983152`,
		`format.seconds("yesterday") ?? null`:            `null`,
		`format.bytes(60817408)`:                         `"58.0 MiB"`,
		`format.percent(1, 3)`:                           `"33 %"`,
		`format.percent(0, 0)`:                           `"–"`,
		`format.plural(1, "build waits", "builds wait")`: `"1 build waits"`,
	})
}

func TestTextsOfOthersCannotTurnTheDirectionOfWriting(t *testing.T) {
	says(t, logic(t, "format"), map[string]string{
		`format.plain("a\u202eb\u0000c\u200bd")`: `"a` + "\ufffd" + `b` + "\ufffd" + `c` + "\ufffd" + `d"`,
		`format.plain("<b>tabs\tstay</b>")`:      `"<b>tabs\tstay</b>"`,
		`format.plain(undefined)`:                `""`,
	})
}

func TestAddressesNameViews(t *testing.T) {
	query := func(pairs string) string { return "{get: (n) => (" + pairs + ")[n] ?? null}" }
	says(t, logic(t, "route"), map[string]string{
		`route.parse("/")`:                                          `{"view":"overview"}`,
		`route.parse("/health")`:                                    `{"view":"health"}`,
		`route.parse("/environments/a%2Fb")`:                        `{"view":"environment","environment":"a/b"}`,
		`route.parse("/pools/gke/ci/linux")`:                        `{"view":"pool","environment":"gke","namespace":"ci","pool":"linux"}`,
		`route.parse("/pools/gke/linux")`:                           `{"view":"missing"}`,
		`route.parse("/%zz")`:                                       `{"view":"missing"}`,
		`route.parse("/__proto__")`:                                 `{"view":"missing"}`,
		`route.poolPath("a b/c/<d>")`:                               `"/pools/a%20b/c/%3Cd%3E"`,
		`route.order("-since", "name")`:                             `{"column":"since","down":true}`,
		`route.order(null, "name")`:                                 `{"column":"name","down":false}`,
		`route.timeSpan(` + query(`{}`) + `, 10000)`:                `{"from":6400,"to":10000,"live":true}`,
		`route.timeSpan(` + query(`{range: "6h"}`) + `, 30000)`:     `{"from":8400,"to":30000,"live":true}`,
		`route.timeSpan(` + query(`{from: "7", to: "9"}`) + `, 10)`: `{"from":7,"to":9,"live":false}`,
		`route.timeSpan(` + query(`{from: "9", to: "7", range: "constructor"}`) + `, 10000)`: `{"from":6400,"to":10000,"live":true}`,
	})
}

func TestEventsChangeTheState(t *testing.T) {
	machine := logic(t, "reduce")
	_, err := machine.RunString(`
		const pool = (name, busy) => ({environment: "e", namespace: "n", name, busy});
		const state = {version: 5, environments: [{name: "a"}, {name: "c"}], pools: [pool("p", 1)], program: {leader: true}};
		const series = {pool: "e/n/p", at: [10, 20], busy: [1, 2], queued: [0, 0]};
		const sample = (at) => ({at, pools: {"e/n/p": {queued: 3, busy: 7}}});
		const names = (s) => s.environments.map((e) => e.name).join();`)
	if err != nil {
		t.Fatal(err)
	}
	says(t, machine, map[string]string{
		`names(reduce.apply(state, {version: 6, environments: [{name: "b"}], gone: {environments: ["a"]}}))`: `"b,c"`,
		`reduce.apply(state, {version: 6}).program.leader`:                                                   `true`,
		`reduce.apply(state, {version: 5, environments: [{name: "late"}]}) === state`:                        `true`,
		`reduce.apply(state, {version: 6, gone: {pools: ["e/n/p"]}}).pools.length`:                           `0`,
		`reduce.apply({version: 1, environments: null, pools: null}, {version: 2}).environments`:             `[]`,
		`reduce.sampled(state, sample(30)).pools[0].busy`:                                                    `7`,
		`state.pools[0].busy`:                                                                                        `1`,
		`reduce.extended(series, sample(30), 20).at`:                                                                 `[20,30]`,
		`reduce.extended(series, sample(30), 20).busy`:                                                               `[2,7]`,
		`reduce.extended(series, sample(20), 0) === series`:                                                          `true`,
		`reduce.remembered([{id: 2}, {id: 1}], [{id: 3}, {id: 2}], 2).map((e) => e.id)`:                              `[3,2]`,
		`reduce.taken({pools: [{...pool("p", 4), oldestQueued: "1970-01-01T00:01:00Z"}]}, 90).pools["e/n/p"].oldest`: `30`,
		`reduce.taken({pools: [pool("p", 4)]}, 90).pools["e/n/p"].oldest + reduce.taken({pools: [pool("q", 4)]}, 90).pools["e/n/q"].busy`: `4`,
	})
}
