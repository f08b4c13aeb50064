package kube

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/jenkins/roster"
)

func waits(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}

func TestWhatIsSeenOfAPod(t *testing.T) {
	runs := corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137, Message: "too much"}}
	crashed := waits("CrashLoopBackOff", "")
	crashed.RestartCount, crashed.LastTerminationState = 4, ended
	for name, c := range map[string]struct {
		status corev1.PodStatus
		want   roster.Pod
	}{
		"nothing is known yet": {corev1.PodStatus{Phase: corev1.PodPending}, roster.Pod{NeverRan: true}},
		"its container is being made": {
			corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{waits("ContainerCreating", "")}}, roster.Pod{NeverRan: true},
		},
		"its image cannot be had": {
			corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{waits("ImagePullBackOff", "no such tag")}},
			roster.Pod{NeverRan: true, Waiting: "ImagePullBackOff", Message: "no such tag"},
		},
		"one container runs and another waits": {
			corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{runs, waits("ImagePullBackOff", "")}},
			roster.Pod{Waiting: "ImagePullBackOff"},
		},
		"what prepares it fails": {
			corev1.PodStatus{Phase: corev1.PodPending, InitContainerStatuses: []corev1.ContainerStatus{waits("CreateContainerConfigError", "secret x")}, ContainerStatuses: []corev1.ContainerStatus{waits("PodInitializing", "")}},
			roster.Pod{NeverRan: true, Waiting: "CreateContainerConfigError", Message: "secret x"},
		},
		"it crashes again and again": {
			corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{crashed}},
			roster.Pod{Waiting: "CrashLoopBackOff", Message: "too much", Restarts: 4},
		},
		"it runs, and nothing is known of its containers": {corev1.PodStatus{Phase: corev1.PodRunning}, roster.Pod{}},
		"no node takes it": {
			corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes"}}},
			roster.Pod{NeverRan: true, Unschedulable: "0/3 nodes"},
		},
		"it was evicted": {
			corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "disk"}, roster.Pod{NeverRan: true, Failure: "Evicted", Message: "disk"},
		},
		"its container was killed": {
			corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{State: ended}}}, roster.Pod{Failure: "OOMKilled", Message: "too much"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			is := true
			c.want.Name, c.want.Phase, c.want.Ordinal, c.want.Owner = "agent-x", string(c.status.Phase), -1, "rs"
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "agent-x", OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", UID: "rs", Controller: &is}}}, Status: c.status}
			if got := readPod(p); got != c.want {
				t.Errorf("readPod(%+v) =\n%+v, want\n%+v", c.status, got, c.want)
			}
		})
	}
}

func TestThePodOfAStatefulSetHasItsOrdinal(t *testing.T) {
	is := true
	for name, want := range map[string]int{"agent-0": 0, "agent-12": 12, "agent": -1} {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", UID: "s", Controller: &is}}}}
		if got := readPod(p); got.Ordinal != want || got.Owner != "s" {
			t.Errorf("pod %s: %+v, want ordinal %d", name, got, want)
		}
	}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "build-1", OwnerReferences: []metav1.OwnerReference{{Kind: "Job", UID: "j", Controller: &is}}}}
	if _, ok := keep(scope{resource: podResource}, p); ok {
		t.Error("a pod of a Job is kept")
	}
}
