package stage

import (
	"context"
	"encoding/json"
	"slices"

	"majordomo.dev/reconciler/web"
	"majordomo.dev/reconciler/window"
)

// plan is what a sync would do to an environment of the stage, one step of each kind; of Secrets it has what the program has: masks.
func (s *Stage) plan(_ context.Context, name string) (web.Plan, error) {
	state := s.State()
	i := slices.IndexFunc(state.Environments, func(e window.Environment) bool { return e.Name == name })
	if i < 0 {
		return web.Plan{}, web.ErrNoEnvironment
	}
	return web.Plan{
		Environment: name, At: state.At, Commit: state.Source.Revision, Line: "1 to create, 2 to update, 1 to prune, 1 refused",
		Steps: []web.PlanStep{
			{
				Op: "create", Object: "ConfigMap jenkins-gke/casc", Reason: "it is in Git and not in the cluster",
				Text: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: casc\n",
			},
			{
				Op: "update", Object: "Service jenkins-gke/jenkins", Reason: "2 fields differ from Git",
				Fields: []web.PlanField{
					{Path: ".spec.ports[name=http].targetPort", From: json.RawMessage(`9999`), To: json.RawMessage(`"http"`)},
					{Path: ".metadata.annotations[example.com/note]", Text: "@@ -1,2 +1,2 @@\n the first line\n-was <b>bold</b>\n+is plain\n"},
				},
			},
			{
				Op: "update", Object: "Secret jenkins-gke/casc-secrets", Reason: "1 field differs from Git",
				Fields: []web.PlanField{{Path: ".data.password", From: json.RawMessage(`"*** (before)"`), To: json.RawMessage(`"*** (after)"`)}},
			},
			{Op: "prune", Object: "NetworkPolicy jenkins-gke/old", Reason: "Git does not have it any more"},
			{Op: "refuse", Object: "Namespace kube-system", Reason: "it is outside the namespaces of the environment"},
		},
	}, nil
}
