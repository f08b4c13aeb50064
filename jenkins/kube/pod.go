package kube

import (
	"cmp"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/roster"
)

// readPod returns what the fleet looks at of a pod. Owner is empty if no controller of a kind that a pool may scale has made it.
func readPod(p *corev1.Pod) roster.Pod {
	out := roster.Pod{
		Namespace: p.Namespace, Name: p.Name, UID: string(p.UID), Version: p.ResourceVersion, Created: p.CreationTimestamp.Time,
		Node: p.Spec.NodeName, Phase: string(p.Status.Phase), Deleting: p.DeletionTimestamp != nil,
		Template: p.Annotations[pool.Template], Drain: p.Annotations[pool.Drain], Ordinal: -1,
	}
	if owner := metav1.GetControllerOf(p); owner != nil {
		switch owner.Kind {
		case "StatefulSet":
			out.Ordinal = ordinal(p.Name)
			out.Owner = string(owner.UID)
		case "ReplicaSet", "ReplicationController":
			out.Owner = string(owner.UID)
		}
	}
	if n, err := strconv.ParseInt(p.Annotations[pool.DeletionCost], 10, 32); err == nil {
		out.Cost = int(n)
	}
	conditions(p, &out)
	containers(p, &out)
	if failed := p.Status.Phase == corev1.PodFailed; failed || p.Status.Phase == corev1.PodSucceeded {
		out.Failure = p.Status.Reason
		out.Message = cmp.Or(p.Status.Message, out.Message)
		if failed && out.Failure == "" {
			out.Failure, out.Message = ended(p)
		}
	}
	return out
}

// ordinal is the number at the end of a StatefulSet's pod, -1 for none.
func ordinal(name string) int {
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return -1
	}
	return n
}

func conditions(p *corev1.Pod, out *roster.Pod) {
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == corev1.PodReady:
			out.Ready = c.Status == corev1.ConditionTrue
			if out.Ready {
				out.ReadySince = c.LastTransitionTime.Time
			}
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable:
			out.Unschedulable = cmp.Or(c.Message, c.Reason)
		}
	}
}

// containers finds out why a container does not run, and whether any ever did. A regular one comes before one that prepares the pod.
func containers(p *corev1.Pod, out *roster.Pod) {
	out.NeverRan = true
	for _, s := range p.Status.ContainerStatuses {
		out.Restarts += int(s.RestartCount)
		if s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState != (corev1.ContainerState{}) || s.RestartCount > 0 {
			out.NeverRan = false
		}
		waiting(s, out)
	}
	if p.Status.Phase == corev1.PodRunning && len(p.Status.ContainerStatuses) == 0 {
		out.NeverRan = false
	}
	for _, s := range p.Status.InitContainerStatuses {
		waiting(s, out)
	}
}

// waiting notes why a container waits, unless it is just being made.
func waiting(s corev1.ContainerStatus, out *roster.Pod) {
	w := s.State.Waiting
	if w == nil || out.Waiting != "" {
		return
	}
	switch w.Reason {
	case "", "ContainerCreating", "PodInitializing":
		return
	}
	out.Waiting, out.Message = w.Reason, w.Message
	if w.Message == "" && s.LastTerminationState.Terminated != nil {
		out.Message = s.LastTerminationState.Terminated.Message
	}
}

// ended says why a pod has failed that does not say so itself.
func ended(p *corev1.Pod) (reason, message string) {
	for _, s := range append(p.Status.ContainerStatuses, p.Status.InitContainerStatuses...) {
		if t := s.State.Terminated; t != nil && t.ExitCode != 0 {
			return cmp.Or(t.Reason, "Error"), t.Message
		}
	}
	return "Error", p.Status.Message
}
