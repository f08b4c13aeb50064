package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

func TestStatusHasAFormForEverybody(t *testing.T) {
	s := newSite(t)
	s.sync()
	head := s.repo.Head()
	for _, c := range []struct {
		form string
		want []string
	}{
		{"table", []string{"NAME", "READY", "REVISION", s.env, "True", "Synced", head[:7], "3/3"}},
		{"wide", []string{"MANAGED", "MESSAGE", s.env, "commit " + head[:7] + " is applied"}},
		{"json", []string{`"apiVersion": "majordomo.dev/v1alpha1"`, `"kind": "EnvironmentStatusList"`, `"name": "` + s.env + `"`, `"revision": "` + head + `"`}},
		{"yaml", []string{"apiVersion: majordomo.dev/v1alpha1\n", "revision: " + head, "kind: EnvironmentStatusList\n"}},
		{"name", []string{"environment/" + s.env + "\n"}},
		{"jsonpath={.items[0].status.revision}", []string{head + "\n"}},
		{"jsonpath=.items[0].name", []string{s.env + "\n"}},
		{"custom-columns=ENV:.name,REV:.status.shortRevision", []string{"ENV", "REV\n", s.env, head[:7] + "\n"}},
	} {
		has(t, s.want(0, "status", s.env, "-o", c.form).stdout, c.want...)
		has(t, s.want(0, "get", "envs", s.env, "-o", c.form).stdout, c.want...)
	}
	lacks(t, s.want(0, "status", s.env, "--no-headers").stdout, "NAME")
	s.want(0, "status", s.env, "--exit-code")
	has(t, s.want(0, "status").stdout, s.env)
	has(t, s.want(0, "status", "--repo", s.repo.Dir).stdout, s.env)
}

func TestStatusJSONHasTimesInRFC3339(t *testing.T) {
	s := newSite(t)
	s.sync()
	var list environmentList
	if err := json.Unmarshal([]byte(s.want(0, "status", s.env, "-o", "json").stdout), &list); err != nil {
		t.Fatal(err)
	}
	e := list.Items[0]
	if e.Created.IsZero() || e.Status.LastSync == nil || e.Status.LastSync.Time.Location() != time.UTC {
		t.Errorf("created %v, last sync %+v: want times in UTC", e.Created, e.Status.LastSync)
	}
}

func TestStatusTellsByItsCodeWhetherAllIsReady(t *testing.T) {
	s := newSite(t)
	s.files["overlay/service.yaml"] = "apiVersion: v1\nkind: Service\nmetadata: {name: jenkins}\nspec: {ports: [{port: 99999}]}\n"
	s.commit("bad")
	s.want(exitFailure, "sync", s.env, "--local", "--repo", s.repo.Dir)
	has(t, s.want(exitFailure, "status", s.env, "--exit-code").stdout, "False", "ApplyFailed")
	o := s.want(exitNotFound, "status", s.env+"x")
	has(t, o.stderr, `did you mean "`+s.env+`"`)
}

func TestStatusWatchStreamsEachChange(t *testing.T) {
	s := newSite(t)
	s.sync()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan int)
	go func() {
		code := run(ctx, []string{"status", s.env, "-w", "-o", "json"}, func(k string) string { return s.vars[k] }, strings.NewReader(""), write, io.Discard)
		_ = write.Close()
		ended <- code
	}()
	lines := bufio.NewScanner(read)
	lines.Buffer(nil, 1<<20)
	next := func() environment {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("no further line: %v", lines.Err())
		}
		var e environment
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		return e
	}
	if e := next(); e.Name != s.env || e.Suspend != nil {
		t.Errorf("first line %+v", e)
	}
	s.want(0, "suspend", s.env)
	if e := next(); e.Suspend == nil {
		t.Errorf("after suspend %+v", e)
	}
	s.want(0, "resume", s.env)
	if e := next(); e.Suspend != nil {
		t.Errorf("after resume %+v", e)
	}
	_ = read.Close() // whoever read has seen enough
	s.want(0, "suspend", s.env)
	<-ended
}

func TestHistoryIsNewestFirst(t *testing.T) {
	s := newSite(t)
	s.sync()
	first := s.repo.Head()
	s.files["overlay/casc.yaml"] = strings.Replace(s.files["overlay/casc.yaml"], `"0"`, `"2"`, 1)
	second := s.commit("second")
	s.sync()
	has(t, s.want(0, "history", s.env).stdout, "REVISION", second[:7], "synced", "applied", first[:7], "synced")
	has(t, s.want(0, "history", s.env, "-o", "wide", "--no-headers").stdout, second, first)
	var doc historyDocument
	if err := json.Unmarshal([]byte(s.want(0, "history", s.env, "-o", "json").stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Items) != 2 || doc.Items[0].Revision != second || doc.Revision != second {
		t.Errorf("history -o json: %+v", doc)
	}
}

func TestWaitEndsWhenTheGoalIsReached(t *testing.T) {
	s := newSite(t)
	s.sync()
	first := s.repo.Head()
	s.want(0, "wait", s.env)
	s.want(0, "wait", s.env, "--for=idle")
	s.want(0, "wait", s.env, "--for=revision="+first[:7])
	s.files["README"] = "about something else"
	second := s.commit("not about this environment")
	o := s.want(exitTimeout, "wait", s.env, "--for=revision="+second, "--timeout=1s")
	has(t, o.stderr, "the last commit that changed it", "--repo")
	s.want(0, "wait", s.env, "--for=revision="+second, "--repo", s.repo.Dir)
	s.want(exitNotFound, "wait", "nowhere")
}
