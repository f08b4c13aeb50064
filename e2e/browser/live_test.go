package browser_test

import (
	"context"
	"fmt"
	"testing"

	"majordomo.dev/e2e/site"
)

// TestThePageOfARunningMajordomoTellsWhatHappens looks at the program as people start it: a commit arrives, what a hand changes is put right,
// builds queue, agents start, work and go, and each is on the page with its reason, without anybody loading it anew.
func TestThePageOfARunningMajordomoTellsWhatHappens(t *testing.T) {
	needChromium(t)
	s := ground.New(t)
	s.Until("the first agent has registered", func(context.Context) bool { return s.Jenkins.Stats().Online == 1 })
	p := open(t, "http://"+s.Address)
	p.load("/")
	p.says("the agents")

	t.Log("a commit arrives")
	s.Template("second")
	commit := s.Commit("agents: the next template")
	p.says("agents: the next template")
	p.says(commit[:7])

	t.Log("somebody edits an object")
	s.Edit(site.Linux)
	p.says("kubectl-edit")

	t.Log("builds queue up")
	pool := fmt.Sprintf("%s/%s/%s", s.Namespace, s.Namespace, site.Linux)
	p.load("/pools/" + pool)
	s.Jenkins.Enqueue("compile", 8)
	p.says("builds wait")
	p.until("an agent starts", row("starting"))
	p.until("an agent builds", row("busy"))
	p.until("its build can be opened", `[...document.querySelectorAll('table a')].some(a => a.href.includes('/job/compile/'))`)
	s.Until("the builds have ended", func(context.Context) bool { return s.Jenkins.Stats().Finished == 8 })
	p.until("the agents go", `[...document.querySelectorAll('table tbody tr')].filter(r => r.innerText.includes('agent-linux')).length === 1`)
	if lost := s.Jenkins.Lost(); len(lost) > 0 {
		t.Errorf("%d builds were lost: %+v", len(lost), lost)
	}
}

// row is whether an agent of the table is in a state.
func row(state string) string {
	return fmt.Sprintf(`[...document.querySelectorAll('table tbody tr')].some(r => r.innerText.includes('agent-linux') && r.innerText.toLowerCase().includes(%q))`, state)
}
