package status

import (
	"fmt"
	"strings"

	"majordomo.dev/reconciler/object"
)

func deployment(o object.Object) verdict {
	if c, ok := has(o, "Progressing", False); ok && c.reason == "ProgressDeadlineExceeded" {
		return hopeless("%s", c.text())
	}
	want := replicas(o)
	total, updated := count(o, "status", "replicas"), count(o, "status", "updatedReplicas")
	ready, available := count(o, "status", "readyReplicas"), count(o, "status", "availableReplicas")
	switch {
	case unseen(o):
		return progress("its controller has not seen it yet")
	case total < want:
		return progress("%s", of(total, want, "exist"))
	case updated < want:
		return progress("%s", of(updated, want, "are updated"))
	case total > want:
		return progress("%d replicas of before are still there", total-want)
	case available < updated:
		return progress("%s", of(available, updated, "are available"))
	case ready < want:
		return progress("%s", of(ready, want, "are ready"))
	case want == 0:
		return current("scaled to 0")
	}
	if _, ok := has(o, "Available", True); !ok {
		return progress("not available yet")
	}
	if _, declared := number(o, "spec", "progressDeadlineSeconds"); declared {
		if c, ok := has(o, "Progressing", True); !ok || c.reason != "NewReplicaSetAvailable" {
			return progress("its new ReplicaSet is not available yet")
		}
	}
	return current(of(ready, want, "are ready"))
}

func replicaSet(o object.Object) verdict {
	if c, ok := has(o, "ReplicaFailure", True); ok {
		return progress("pods cannot be made: %s", c.text())
	}
	if unseen(o) {
		return progress("its controller has not seen it yet")
	}
	return pods(o)
}

func pods(o object.Object) verdict {
	want, total := replicas(o), count(o, "status", "replicas")
	labelled := count(o, "status", "fullyLabeledReplicas")
	ready, available := count(o, "status", "readyReplicas"), count(o, "status", "availableReplicas")
	switch {
	case labelled < want:
		return progress("%s", of(labelled, want, "exist"))
	case available < want:
		return progress("%s", of(available, want, "are available"))
	case ready < want:
		return progress("%s", of(ready, want, "are ready"))
	case total > want:
		return progress("%d replicas too many are still there", total-want)
	case want == 0:
		return current("scaled to 0")
	}
	return current(of(ready, want, "are ready"))
}

func statefulSet(o object.Object) verdict {
	if text(o, "spec", "updateStrategy", "type") == "OnDelete" {
		return current("its pods are updated when they are deleted")
	}
	want, total, ready := replicas(o), count(o, "status", "replicas"), count(o, "status", "readyReplicas")
	currentPods, updated := count(o, "status", "currentReplicas"), count(o, "status", "updatedReplicas")
	partition, parted := number(o, "spec", "updateStrategy", "rollingUpdate", "partition")
	switch {
	case unseen(o):
		return progress("its controller has not seen it yet")
	case total < want:
		return progress("%s", of(total, want, "exist"))
	case ready < want:
		return progress("%s", of(ready, want, "are ready"))
	case total > want:
		return progress("%d replicas too many are still there", total-want)
	case want == 0:
		return current("scaled to 0")
	case parted && partition > 0 && updated < want-partition:
		return progress("%s", of(updated, want-partition, "above the partition are updated"))
	case parted && partition > 0:
		return current("updated down to its partition")
	case currentPods < want:
		return progress("%s", of(currentPods, want, "are updated"))
	case text(o, "status", "currentRevision") != text(o, "status", "updateRevision"):
		return progress("its pods are being updated")
	}
	return current(of(ready, want, "are ready"))
}

func daemonSet(o object.Object) verdict {
	want, known := number(o, "status", "desiredNumberScheduled")
	if unseen(o) || !known {
		return progress("its controller has not seen it yet")
	}
	for _, f := range []struct{ field, what string }{
		{"currentNumberScheduled", "exist"}, {"updatedNumberScheduled", "are updated"}, {"numberAvailable", "are available"}, {"numberReady", "are ready"},
	} {
		if f.field == "updatedNumberScheduled" && text(o, "spec", "updateStrategy", "type") == "OnDelete" {
			continue
		}
		if have := count(o, "status", f.field); have < want {
			return progress("%s", of(have, want, f.what))
		}
	}
	return current(of(want, want, "are ready"))
}

func pod(o object.Object) verdict {
	switch phase := text(o, "status", "phase"); phase {
	case "Succeeded":
		return current("has completed")
	case "Failed":
		return hopeless("has failed%s", why(text(o, "status", "reason"), text(o, "status", "message")))
	case "Running", "Pending":
		return living(o, phase)
	case "":
		return progress("no kubelet has seen it yet")
	default:
		return progress("is in phase %s", phase)
	}
}

// living judges a pod that runs or is going to. An image that cannot be pulled may still come, so it is no failure.
func living(o object.Object, phase string) verdict {
	if _, ready := has(o, "Ready", True); ready && phase == "Running" {
		return current("is ready")
	}
	if names := waiting(o, "CrashLoopBackOff"); len(names) > 0 {
		return hopeless("container %s crashes again and again", strings.Join(names, ", "))
	}
	if c, ok := has(o, "PodScheduled", False); ok && c.reason == "Unschedulable" {
		return progress("cannot be scheduled: %s", c.text())
	}
	for _, reason := range []string{"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"} {
		if names := waiting(o, reason); len(names) > 0 {
			return progress("container %s waits: %s", strings.Join(names, ", "), reason)
		}
	}
	if phase == "Pending" {
		return progress("is pending")
	}
	return progress("runs and is not ready yet")
}

// waiting lists the containers that wait for this reason.
func waiting(o object.Object, reason string) []string {
	var names []string
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _ := field(o, "status", list).([]any)
		for _, e := range statuses {
			s, _ := e.(map[string]any)
			if text(s, "state", "waiting", "reason") == reason {
				names = append(names, str(s["name"]))
			}
		}
	}
	return names
}

func why(parts ...string) string {
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return ": " + strings.Join(said, ", ")
}

func job(o object.Object) verdict {
	if c, ok := has(o, "Failed", True); ok {
		return hopeless("has failed: %s", c.text())
	}
	if _, ok := has(o, "Complete", True); ok {
		return current("has completed")
	}
	if c, ok := has(o, "Suspended", True); ok {
		return current("is suspended: " + c.text())
	}
	if text(o, "status", "startTime") == "" {
		return progress("has not started")
	}
	return current(fmt.Sprintf("runs: %d active, %d succeeded", count(o, "status", "active"), count(o, "status", "succeeded")))
}
