package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/jenkins/jenkinstest"
	"majordomo.dev/jenkins/pool"
)

func trouble() step {
	return step{
		title: "Trouble with Jenkins, and a pod killed by hand",
		does: "with three pipelines running, restart gke's Jenkins; then let it hang, which answers nothing while builds wait; then " +
			"`kubectl delete pod` an agent in the middle of its build",
		expects: "nothing is scaled down or drained on what is not known, the pipelines find their agents again, the fleet goes on by itself; " +
			"the only build that is lost is the one of the killed pod",
		play: func(ctx context.Context, d *demo) error {
			m := d.masters["gke"]
			for _, act := range []func(context.Context, *master) error{d.restartJenkins, d.hangJenkins, d.killByHand} {
				if err := act(ctx, m); err != nil {
					return err
				}
			}
			return d.built(ctx, m)
		},
	}
}

func (d *demo) restartJenkins(ctx context.Context, m *master) error {
	m.Enqueue("deliver", 3)
	if err := m.Wait(ctx, func(s jenkinstest.Stats) bool { return s.Busy == 3 }); err != nil {
		return err
	}
	began := time.Now()
	m.Restart()
	if err := m.Wait(ctx, func(jenkinstest.Stats) bool { return m.Up() }); err != nil {
		return err
	}
	d.out.tell("Jenkins was away for %s, with a new session and without a single agent at first", since(time.Since(began)))
	if err := d.built(ctx, m); err != nil {
		return err
	}
	d.out.tell("the three pipelines went on, each on its agent")
	return nil
}

// hangJenkins lets Jenkins accept connections and answer nothing, until the pool says so.
func (d *demo) hangJenkins(ctx context.Context, m *master) error {
	sight, err := d.look(ctx, agentPools, "jenkins-gke", "linux")
	if err != nil {
		return err
	}
	defer sight.close()
	m.Fault(jenkinstest.Hang)
	m.Enqueue("compile", 4)
	began := time.Now()
	at, err := sight.until(ctx, "the pool says that Jenkins does not answer", func(o *unstructured.Unstructured) bool {
		return saysOf(poolStatus(o), pool.JenkinsReachable) == "False"
	})
	if err != nil {
		return err
	}
	d.out.measured("a Jenkins that hangs: from its last answer to the condition of the pool", since(at.Sub(began)))
	for _, c := range poolStatus(sight.object).Conditions {
		if c.Type == pool.JenkinsReachable {
			d.out.tell("%s: %s", c.Reason, c.Message)
		}
	}
	m.Heal()
	began = time.Now()
	at, err = sight.until(ctx, "the pool says that Jenkins answers", func(o *unstructured.Unstructured) bool {
		return saysOf(poolStatus(o), pool.JenkinsReachable) == "True"
	})
	if err != nil {
		return err
	}
	d.out.measured("from its next answer to the pool at work again", since(at.Sub(began)))
	return d.built(ctx, m)
}

// killByHand deletes the pod of an agent that has a build.
func (d *demo) killByHand(ctx context.Context, m *master) error {
	m.Enqueue("compile", 3)
	var victim string
	err := m.Wait(ctx, func(jenkinstest.Stats) bool {
		for _, n := range m.Nodes() {
			if n.Online && n.Busy > 0 {
				victim = n.Name
			}
		}
		return victim != ""
	})
	if err != nil {
		return err
	}
	m.Excuse(victim)
	if err := d.client.Resource(pods).Namespace("jenkins-gke").Delete(ctx, victim, metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := m.Wait(ctx, func(s jenkinstest.Stats) bool { return s.Excused > 0 }); err != nil {
		return err
	}
	var names []string
	for _, l := range m.ExcusedLosses() {
		names = append(names, fmt.Sprintf("%s #%d", l.Job, l.Number))
	}
	d.out.tell("pod %s is gone, and with it %s: killed by a person, not by Majordomo", victim, strings.Join(names, ", "))
	return nil
}
