package browser_test

import (
	"strings"
	"testing"
)

func TestThePlanTellsOfEachObjectWhatWouldBeDoneAndWhy(t *testing.T) {
	_, origin := begin(t, "normal")
	p := open(t, origin)
	p.load("/environments/gke")
	p.click("Show the plan")
	p.until("the plan is there", `document.querySelectorAll('details.step').length === 5`)
	text := eval[string](p, `document.querySelector('main').innerText`)
	for _, want := range []string{
		"1 to create, 2 to update, 1 to prune, 1 refused", "it is in Git and not in the cluster", "+kind: ConfigMap",
		".spec.ports[name=http].targetPort", "-9999", "+http", "-was <b>bold</b>", "+is plain",
		".data.password", "-*** (before)", "+*** (after)", "Git does not have it any more", "it is outside the namespaces of the environment", "majordomo plan gke",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the plan does not say %q:\n%s", want, text)
		}
	}
	p.load(eval[string](p, `location.pathname + location.search`))
	p.until("the plan is there again, by its address", `document.querySelectorAll('details.step').length === 5`)
}
