package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"majordomo.dev/jenkins/jenkinstest"
)

// master is the Jenkins of one environment: a simulated one, whose agents are the pods of the environment's namespace.
type master struct {
	*jenkinstest.Jenkins
	url  string
	stop func()
}

// startJenkins starts a Jenkins for each environment. Only they are played: the pods of the master in the cluster have no Jenkins in them.
func (d *demo) startJenkins(ctx context.Context) error {
	began := time.Now()
	d.masters = map[string]*master{}
	for _, env := range fleet() {
		j := jenkinstest.New(jenkinstest.Options{Reconnect: time.Second, Boot: jenkinstest.Boot{
			Restarting: 2 * time.Second, Unauthorized: 500 * time.Millisecond, Refused: time.Second, Starting: 2 * time.Second,
		}})
		j.AddNode(jenkinstest.Node{Name: "majordomo-sentinel", Labels: []string{"majordomo-sentinel"}, Static: true, Offline: true, Exclusive: true})
		j.AddJob(
			jenkinstest.Job{Name: "compile", Label: "linux", Duration: 4 * time.Second, Spread: 2 * time.Second},
			jenkinstest.Job{Name: "assemble", Label: "jvm", Duration: 5 * time.Second, Spread: time.Second},
			jenkinstest.Job{Name: "deliver", Label: "linux", Pipeline: true, Duration: 8 * time.Second},
		)
		url, err := j.Listen("127.0.0.1:0", nil)
		if err != nil {
			return err
		}
		following, stop := context.WithCancel(context.WithoutCancel(ctx))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = j.Follow(following, d.cluster.Config(), jenkinstest.FollowOptions{Namespaces: []string{"jenkins-" + env}, Delay: 500 * time.Millisecond})
		}()
		d.masters[env] = &master{Jenkins: j, url: url, stop: func() { stop(); <-ended; j.Close() }}
	}
	d.out.prepared("jenkins", time.Since(began), "two simulated ones that speak the real protocol; their agents are the pods in the cluster")
	return nil
}

// hurry makes a pool that does not wait for what a person would: an idle agent is worth no more than the start of the next one, and a rollout
// goes on every second.
const hurry = "  priority: \"0.1\"\n  rollout: {maxUnavailable: 3, updatePeriod: 1s}\n"

// pointPools has the pools of the demo's repository serve the simulated masters, and takes the hours of the day out of it.
func (d *demo) pointPools(source string) error {
	for env, m := range d.masters {
		if err := editFile(filepath.Join(source, "overlays", env, "patches", "pools-url.yaml"), "http://jenkins.jenkins-"+env+".svc", m.url); err != nil {
			return err
		}
	}
	pools := filepath.Join(source, gkePools)
	for before, after := range map[string]string{
		"  schedules:\n  - {cron: \"0 8 * * MON-FRI\", timezone: Europe/Berlin, duration: 10h, min: 8} # office hours\n": hurry,
		"  priority: speed # what waits here are the checks of pull requests\n":                                          hurry,
	} {
		if err := editFile(pools, before, after); err != nil {
			return err
		}
	}
	return nil
}

// editFile replaces a text that is in the file once.
func editFile(path, before, after string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := strings.Count(string(b), before); n != 1 {
		return fmt.Errorf("%s has %q %d times, and the demo expects it once", path, before, n)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(b), before, after, 1)), 0o600)
}

// built waits until all builds that were asked for have ended, and looks for lost ones.
func (d *demo) built(ctx context.Context, m *master) error {
	err := m.Wait(ctx, func(s jenkinstest.Stats) bool { return s.Waiting == 0 && s.Running == 0 && s.Finished == s.Queued })
	if err != nil {
		return unexpected("builds still wait or run: %+v: %v", m.Stats(), err)
	}
	return lost(m)
}

// lost fails if majordomo cost a build.
func lost(m *master) error {
	if all := m.Lost(); len(all) > 0 {
		return unexpected("%d builds were lost, the first: %+v", len(all), all[0])
	}
	return nil
}
