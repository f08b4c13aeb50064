package browser_test

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

//go:embed testdata/axe/axe.min.js
var axe string

//go:embed testdata/axe/SHA256
var axeSum string

func TestTheRulesOfAxeAreTheReleasedOnes(t *testing.T) {
	sum := sha256.Sum256([]byte(axe))
	if got, want := hex.EncodeToString(sum[:]), strings.Fields(axeSum)[0]; got != want {
		t.Errorf("testdata/axe/axe.min.js has the sum %s, want %s", got, want)
	}
}

// violation is what axe finds wrong with some elements.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		Target  []any  `json:"target"`
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible fails the test for every serious or critical violation that axe finds. It works in a world of its own, so that the page, its
// policy and its script know nothing of it.
func (p *tab) accessible(what string) {
	p.t.Helper()
	frame := call(p, cdpage.GetFrameTree, struct{}{}).FrameTree.Frame.ID
	world := call(p, cdpage.CreateIsolatedWorld, cdpage.CreateIsolatedWorldParams{FrameID: frame, WorldName: "axe"}).ExecutionContextID
	yes := true
	const run = `;axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
		.then(r => JSON.stringify(r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')))`
	r := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: axe + run, ContextID: world, AwaitPromise: &yes, ReturnByValue: &yes})
	if r.ExceptionDetails != nil {
		p.t.Fatalf("axe: %s %s", r.ExceptionDetails.Text, r.ExceptionDetails.Exception.Description)
	}
	var text string
	p.must(json.Unmarshal(r.Result.Value, &text))
	var found []violation
	p.must(json.Unmarshal([]byte(text), &found))
	for _, v := range found {
		for _, n := range v.Nodes[:min(len(v.Nodes), 3)] {
			p.t.Errorf("%s: axe: %s, %s (%d elements): %v %s: %s", what, v.Impact, v.Help, len(v.Nodes), n.Target, short(n.HTML), n.Summary)
		}
	}
}

// short is as much of a text as a message needs.
func short(text string) string { return text[:min(len(text), 160)] }
