package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiffShowsEachFieldAndEndsWithOne(t *testing.T) {
	s := newSite(t)
	o := s.want(1, "diff", s.env, "--repo", s.repo.Dir)
	has(t, o.stdout, "+ v1 ConfigMap "+s.env+"/casc  not in the cluster yet", "    +   executors: \"0\"", "(sensitive)",
		"Plan: 3 to apply (3 create, 0 change), 0 to prune, 0 held — env "+s.env+" @ "+s.repo.Head()[:7])
	s.sync()
	o = s.want(0, "diff", s.env, "--repo", s.repo.Dir)
	if want := "Plan: 0 to apply (0 create, 0 change), 0 to prune, 0 held — env " + s.env + " @ " + s.repo.Head()[:7] + "\n"; o.stdout != want {
		t.Errorf("diff of what is applied: %q, want %q", o.stdout, want)
	}
	s.files["overlay/casc.yaml"] = strings.Replace(s.files["overlay/casc.yaml"], `"0"`, `"2"`, 1)
	s.files["overlay/secret.yaml"] = strings.Replace(s.files["overlay/secret.yaml"], "first", "second", 1)
	dir := s.directory()
	o = s.want(1, "diff", s.env, "--path", dir)
	has(t, o.stdout, "~ v1 ConfigMap "+s.env+"/casc  field .data.executors changed in Git\n    .data.executors\n      - \"0\"\n      + \"2\"\n",
		"~ v1 Secret "+s.env+"/api", "      - (sensitive)\n      + (sensitive)\n", "Plan: 2 to apply (0 create, 2 change)", "@ "+dir)
	lacks(t, o.stdout+o.stderr, "first-password", "second-password")
	o = s.want(1, "diff", s.env, "--path", filepath.Join(dir, "overlay"), "--summary")
	has(t, o.stdout, "~ v1 ConfigMap")
	lacks(t, o.stdout, "executors\n")
}

func TestDiffShowsLongTextsByLine(t *testing.T) {
	s := newSite(t)
	s.files["overlay/casc.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata:\n  text: |\n    one\n    two\n    three\n"
	s.commit("text")
	s.sync()
	s.files["overlay/casc.yaml"] = strings.Replace(s.files["overlay/casc.yaml"], "two", "zwei", 1)
	o := s.want(1, "diff", s.env, "--path", s.directory())
	has(t, o.stdout, ".data.text\n", "        one\n", "      - two\n", "      + zwei\n", "        three\n")
}

func TestDiffTakesFromTheClusterNothingThatATerminalWouldObey(t *testing.T) {
	s := newSite(t)
	s.sync()
	s.edit(`{"data":{"executors":"\u001b[2J\u001b]0;title\u0007\u202e!"}}`)
	o := s.want(1, "diff", s.env, "--repo", s.repo.Dir)
	has(t, o.stdout, ".data.executors")
	lacks(t, o.stdout, "\x1b", "\u202e", "\a")
}

func TestDiffKeepsCodeOneForDifferences(t *testing.T) {
	s := newSite(t)
	s.want(exitNotFound, "diff", "nowhere", "--repo", s.repo.Dir)
	s.want(exitUsage, "diff", s.env, "--repo", filepath.Join(t.TempDir(), "nothing"))
	s.vars["KUBECONFIG"] = filepath.Join(t.TempDir(), "nothing")
	s.want(exitUsage, "diff", s.env, "--repo", s.repo.Dir)
	s.files["overlay/casc.yaml"] = "{"
	s.want(exitUsage, "diff", s.env, "--path", s.directory())
}

func TestPlanTellsByItsCodeWhetherThereIsSomethingToDo(t *testing.T) {
	s := newSite(t)
	file := filepath.Join(t.TempDir(), "plan.json")
	s.want(0, "plan", s.env, "--repo", s.repo.Dir)
	s.want(2, "plan", s.env, "--repo", s.repo.Dir, "--detailed-exitcode", "--out", file)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the plan's file: %v %v, want mode 0600", info, err)
	}
	s.want(1, "plan", "nowhere", "--repo", s.repo.Dir, "--detailed-exitcode")
	s.sync()
	s.want(0, "plan", s.env, "--repo", s.repo.Dir, "--detailed-exitcode")
	o := s.want(0, "plan", s.env, "--repo", s.repo.Dir, "-o", "json")
	var doc planDocument
	if err := json.Unmarshal([]byte(o.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Kind != "Plan" || doc.APIVersion != apiVersion || doc.Unchanged != 3 || doc.Revision != s.repo.Head() || doc.Environment != s.env {
		t.Errorf("plan -o json: %+v", doc)
	}
}

func TestPlanNamesWhoEditedAnObject(t *testing.T) {
	s := newSite(t)
	s.sync()
	s.edit(`{"data":{"executors":"9"}}`)
	o := s.want(0, "plan", s.env, "--repo", s.repo.Dir)
	has(t, o.stdout, "~ v1 ConfigMap "+s.env+"/casc", "edited in the cluster by somebody")
	dry := s.want(0, "sync", s.env, "--dry-run", "--repo", s.repo.Dir)
	if dry.stdout != o.stdout {
		t.Errorf("sync --dry-run:\n%s\nplan:\n%s", dry.stdout, o.stdout)
	}
}
