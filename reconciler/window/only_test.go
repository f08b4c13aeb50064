package window_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/window"
)

func TestWhatMayNotBeSeenIsLeftOut(t *testing.T) {
	all := window.State{
		Source:       window.Source{URL: "https://git.example/fleet.git"},
		Environments: []window.Environment{{Name: "gke"}, {Name: "vagrant"}},
		Pools:        []window.Pool{{Environment: "gke", Name: "linux"}, {Environment: "vagrant", Name: "linux"}, {Name: "of nothing"}},
		Masters:      []window.Master{{Environment: "vagrant"}, {Environment: "gke"}},
	}
	gke := window.Only(all, func(env string) bool { return env == "gke" })
	want := window.State{
		Source: all.Source, Environments: []window.Environment{{Name: "gke"}},
		Pools: []window.Pool{{Environment: "gke", Name: "linux"}}, Masters: []window.Master{{Environment: "gke"}},
	}
	if diff := cmp.Diff(want, gke); diff != "" {
		t.Errorf("only gke (-want +got):\n%s", diff)
	}
	none := window.Only(all, func(string) bool { return false })
	if none.Source.URL != "" || len(none.Environments)+len(none.Pools)+len(none.Masters) > 0 {
		t.Errorf("nothing: %+v", none)
	}
	if len(all.Environments) != 2 || len(all.Pools) != 3 {
		t.Errorf("the state itself has changed: %+v", all)
	}
}
