package main

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSyncHereAppliesTheNewestCommit(t *testing.T) {
	s := newSite(t)
	o := s.want(0, "sync", s.env, "--local", "--repo", s.repo.Dir)
	has(t, o.stderr, "✔ environment "+s.env+" is at "+s.repo.Head()[:7], "3 created, 0 changed, 0 pruned")
	if o.stdout != "" {
		t.Errorf("progress on stdout: %q", o.stdout)
	}
	s.want(exitNotFound, "sync", "nowhere", "--local", "--repo", s.repo.Dir)
}

func TestSyncHereTellsWhatCouldNotBeApplied(t *testing.T) {
	s := newSite(t)
	s.files["overlay/service.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: jenkins}\nspec: {ports: [{port: 99999}]}\n"
	s.commit("bad")
	o := s.want(exitFailure, "sync", s.env, "--local", "--repo", s.repo.Dir)
	has(t, o.stderr, "✗ environment "+s.env, "ApplyFailed", "99999")
	s.files["overlay/service.yaml"] = "{"
	s.commit("worse")
	o = s.want(exitFailure, "sync", s.env, "--local", "--repo", s.repo.Dir)
	has(t, o.stderr, "RenderFailed", "service.yaml")
}

func TestApproveReleasesExactlyWhatWasShown(t *testing.T) {
	s := newSite(t)
	s.sync()
	s.want(exitFailure, "approve", s.env) // nothing is held
	s.files["overlay/kustomization.yaml"] = "namespace: " + s.env + "\nresources: [secret.yaml, service.yaml]\n"
	s.commit("without the ConfigMap")
	o := s.want(exitHeld, "sync", s.env, "--local", "--repo", s.repo.Dir)
	has(t, o.stderr, "majordomo approve "+s.env)
	has(t, s.want(1, "diff", s.env, "--repo", s.repo.Dir).stdout, "held: no longer in Git", "0 to prune, 1 held")
	has(t, s.want(0, "status", s.env).stdout, "PruneHeld")

	s.want(exitHeld, "approve", s.env, "0000000000000000", "--yes")
	s.stdin = "y\n"
	has(t, s.want(exitUsage, "approve", s.env).stderr, "--yes")
	if _, err := s.configMaps().Get(t.Context(), "casc", metav1.GetOptions{}); err != nil {
		t.Fatalf("the ConfigMap before the approval: %v", err)
	}
	o = s.want(0, "approve", s.env, "--yes", "--reason", "CHG-1")
	has(t, o.stdout, "- ConfigMap "+s.env+"/casc", "hash ")
	if got := s.object().GetAnnotations()[approvalReason]; got != "CHG-1" {
		t.Errorf("reason of the approval: %q, want CHG-1", got)
	}
	s.sync()
	if _, err := s.configMaps().Get(t.Context(), "casc", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the ConfigMap after the approval: %v, want none", err)
	}
}

func TestSuspendedEnvironmentIsLeftAlone(t *testing.T) {
	s := newSite(t)
	s.sync()
	s.want(0, "suspend", s.env, "--reason", "volume migration")
	s.edit(`{"data":{"executors":"9"}}`)
	has(t, s.want(exitHeld, "sync", s.env, "--local", "--repo", s.repo.Dir).stderr, "is suspended", "majordomo resume "+s.env)
	has(t, s.want(0, "status", s.env, "-o", "json").stdout, `"reason": "volume migration"`)
	has(t, s.want(0, "status", s.env).stdout, "Suspended")
	s.want(0, "resume", s.env)
	has(t, s.want(0, "resume", s.env).stderr, "was not suspended")
	has(t, s.want(0, "sync", s.env, "--local", "--repo", s.repo.Dir).stderr, "1 changed")
	s.want(exitNotFound, "suspend", "nowhere")
}

func TestRollbackKeepsTheBadCommitOutUntilGitWantsSomethingElse(t *testing.T) {
	s := newSite(t)
	s.sync()
	first := s.repo.Head()
	s.files["overlay/casc.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata: {executors: bad}\n"
	s.commit("bad")
	s.sync()
	executors := func(want string) {
		t.Helper()
		u, err := s.configMaps().Get(t.Context(), "casc", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Object["data"].(map[string]any)["executors"]; got != want {
			t.Fatalf("executors %v, want %s", got, want)
		}
	}
	executors("bad")
	s.want(exitNotFound, "rollback", s.env, "--to", "0123456")
	s.want(0, "rollback", s.env, "--to", first[:7])
	s.sync()
	executors("0")
	has(t, s.want(0, "history", s.env).stderr, "rolled back to "+first[:7])
	s.files["README"] = "about something else"
	s.commit("not about this environment")
	s.sync()
	executors("0")
	s.files["overlay/casc.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata: {executors: good}\n"
	s.commit("good")
	s.sync()
	executors("good")
	lacks(t, s.want(0, "status", s.env).stdout, "RolledBack")
	has(t, s.want(0, "rollback", s.env, "--undo").stderr, "was not rolled back")

	s.want(0, "rollback", s.env, "--to", first[:7])
	s.sync()
	executors("0")
	has(t, s.want(0, "status", s.env).stdout, "RolledBack")
	s.want(0, "rollback", s.env, "--undo")
	s.sync()
	executors("good")
}
