package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/reconciler/status"
)

// rounds is how often a change by hand is repeated; from the sixth within a minute Majordomo would call it a fight, and slow down.
const rounds = 3

func drift() step {
	return step{
		title: "Changes by hand",
		does: fmt.Sprintf("in gke, send the port of the Service jenkins to 9999 and add a label, as `kubectl edit` would; in vagrant, delete the "+
			"Service jenkins-agents; each %d times", rounds),
		expects: "each is put right within milliseconds, from memory: no Git, no render; the label, of which Git says nothing, stays",
		play: func(ctx context.Context, d *demo) error {
			if err := d.healEdits(ctx); err != nil {
				return err
			}
			if err := d.healDeletions(ctx, "vagrant", "jenkins-agents", rounds); err != nil {
				return err
			}
			return d.attributed(ctx)
		},
	}
}

// healEdits changes a Service by hand, and measures until it is as before.
func (d *demo) healEdits(ctx context.Context) error {
	service, err := d.look(ctx, services, "jenkins-gke", "jenkins")
	if err != nil {
		return err
	}
	defer service.close()
	edit := []byte(`[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 9999}, {"op": "add", "path": "/metadata/labels/team", "value": "blue"}]`)
	var took []time.Duration
	for range rounds {
		began := time.Now()
		if _, err := d.client.Resource(services).Namespace("jenkins-gke").Patch(ctx, "jenkins", types.JSONPatchType, edit, metav1.PatchOptions{FieldManager: "kubectl-edit"}); err != nil {
			return err
		}
		if _, err := service.until(ctx, "the edit is seen", func(o *unstructured.Unstructured) bool { return targetPort(o) == "9999" }); err != nil {
			return err
		}
		at, err := service.until(ctx, "the edit is undone", func(o *unstructured.Unstructured) bool { return targetPort(o) == "http" })
		if err != nil {
			return err
		}
		took = append(took, at.Sub(began))
	}
	d.out.measured("from the edit to the port as in Git", list(took))
	if service.object.GetLabels()["team"] != "blue" {
		return unexpected("the label, of which Git says nothing, is gone")
	}
	return nil
}

func targetPort(o *unstructured.Unstructured) string {
	ports, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
	if len(ports) == 0 {
		return ""
	}
	port, _ := ports[0].(map[string]any)
	return fmt.Sprint(port["targetPort"])
}

// healDeletions deletes a Service by hand, and measures until it is back.
func (d *demo) healDeletions(ctx context.Context, env, name string, times int) error {
	namespace := "jenkins-" + env
	service, err := d.look(ctx, services, namespace, name)
	if err != nil {
		return err
	}
	defer service.close()
	var took []time.Duration
	for range times {
		began := time.Now()
		if err := d.client.Resource(services).Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
		if _, err := service.until(ctx, "the Service is gone", gone); err != nil {
			return err
		}
		at, err := service.until(ctx, "the Service is back", there)
		if err != nil {
			return err
		}
		took = append(took, at.Sub(began))
	}
	d.out.measured(fmt.Sprintf("from the deletion of %s's Service %s to its return", env, name), list(took))
	return nil
}

// attributed checks that the environment tells who changed what.
func (d *demo) attributed(ctx context.Context) error {
	env, err := d.environment(ctx, "gke")
	if err != nil {
		return err
	}
	defer env.close()
	e, _, err := env.untilStatus(ctx, "gke tells of the drift", func(e status.Environment) bool {
		return e.Is(status.Ready) && e.LastDrift != nil && e.LastDrift.Manager == "kubectl-edit"
	})
	if err != nil {
		return err
	}
	d.out.tell("gke's status: %s, %s changed by %s", e.LastDrift.Object, strings.Join(e.LastDrift.Fields, ", "), e.LastDrift.Manager)
	return d.settled(ctx, "vagrant")
}

// list prints times in ascending order.
func list(took []time.Duration) string {
	slices.Sort(took)
	text := make([]string, len(took))
	for i, t := range took {
		text[i] = since(t)
	}
	return strings.Join(text, ", ")
}
