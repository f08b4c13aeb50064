package overlays_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"majordomo.dev/reconciler/object"
)

// pod is what one controller makes its pods from.
type pod struct {
	id       object.ID
	template corev1.PodTemplateSpec
}

// containers returns all containers of the pod, those that run first too.
func (p pod) containers() []corev1.Container {
	return slices.Concat(p.template.Spec.InitContainers, p.template.Spec.Containers)
}

// as reads an object into the type that Kubernetes has for its kind. A field that the type does not have is an error.
func as[T any](t *testing.T, o object.Object) T {
	t.Helper()
	var typed T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o, &typed, true); err != nil {
		t.Fatalf("%s: %v", o.ID(), err)
	}
	return typed
}

func pods(t *testing.T, objects []object.Object) []pod {
	t.Helper()
	var all []pod
	for _, o := range objects {
		switch o.Kind() {
		case "StatefulSet":
			all = append(all, pod{o.ID(), as[appsv1.StatefulSet](t, o).Spec.Template})
		case "ReplicaSet":
			all = append(all, pod{o.ID(), as[appsv1.ReplicaSet](t, o).Spec.Template})
		case "Deployment":
			all = append(all, pod{o.ID(), as[appsv1.Deployment](t, o).Spec.Template})
		case "ReplicationController":
			all = append(all, pod{o.ID(), *as[corev1.ReplicationController](t, o).Spec.Template})
		}
	}
	return all
}

// everyPod returns the controllers of all overlays and of Majordomo's own installation, by a name for the subtest.
func everyPod(t *testing.T) map[string]pod {
	t.Helper()
	dirs := []string{"manifests/majordomo"}
	for _, env := range fleet(t) {
		dirs = append(dirs, env.Path)
	}
	all := map[string]pod{}
	for _, dir := range dirs {
		found := pods(t, render(t, dir))
		if len(found) == 0 {
			t.Errorf("%s has no pods", dir)
		}
		for _, p := range found {
			all[p.id.Namespace+"_"+p.id.Name] = p
		}
	}
	return all
}

var (
	pinned    = regexp.MustCompile(`^jenkins/[a-z-]+:[0-9][A-Za-z0-9._-]*@sha256:[0-9a-f]{64}$`)
	ownPinned = regexp.MustCompile(`^majordomo\.dev/majordomo:[0-9]+\.[0-9]+\.[0-9]+$`) // a release has its digest when it is built
)

func TestImagesArePinned(t *testing.T) {
	for name, p := range everyPod(t) {
		t.Run(name, func(t *testing.T) {
			for _, c := range p.containers() {
				if !pinned.MatchString(c.Image) && !ownPinned.MatchString(c.Image) {
					t.Errorf("container %s: image %s", c.Name, c.Image)
				}
			}
		})
	}
}

func TestPodsAreRestricted(t *testing.T) {
	for name, p := range everyPod(t) {
		t.Run(name, func(t *testing.T) {
			s := p.template.Spec.SecurityContext
			if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 ||
				s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
				t.Errorf("security context of the pod: %+v", s)
			}
			for _, c := range p.containers() {
				s := c.SecurityContext
				if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
					s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
					s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
					t.Errorf("container %s: security context %+v", c.Name, s)
				}
			}
			for _, v := range p.template.Spec.Volumes {
				if v.HostPath != nil {
					t.Errorf("volume %s: is of the host", v.Name)
				}
			}
		})
	}
}

func TestContainersSayWhatTheyNeed(t *testing.T) {
	for name, p := range everyPod(t) {
		t.Run(name, func(t *testing.T) {
			for _, c := range p.containers() {
				r := c.Resources
				if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() {
					t.Errorf("container %s: resources %+v", c.Name, r)
				}
			}
		})
	}
}

func TestOnlyMajordomoGetsAToken(t *testing.T) {
	for name, p := range everyPod(t) {
		t.Run(name, func(t *testing.T) {
			token := p.template.Spec.AutomountServiceAccountToken
			if own := p.id.Kind == "Deployment"; token == nil || *token != own {
				t.Errorf("automountServiceAccountToken: %v, want %v", token, own)
			}
		})
	}
}

func TestMasterProbesAskLogin(t *testing.T) {
	for _, env := range fleet(t) {
		for _, p := range pods(t, find(render(t, env.Path), "StatefulSet")) {
			c := p.template.Spec.Containers[0]
			for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
				if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != "/login" {
					t.Errorf("%s: %s probe: %+v", env.Name, name, probe)
				}
			}
		}
	}
}

// patience is how long a probe may go unanswered before the container is restarted.
func patience(p *corev1.Probe) time.Duration {
	return time.Duration(max(p.PeriodSeconds, 1)*max(p.FailureThreshold, 3)) * time.Second
}

func TestARestartOfTheMasterKillsNoBuild(t *testing.T) {
	for _, env := range fleet(t) {
		for _, p := range pods(t, render(t, env.Path)) {
			if p.id.Kind == "StatefulSet" {
				continue
			}
			c := p.template.Spec.Containers[0]
			if got := patience(c.LivenessProbe); got < 10*time.Minute {
				t.Errorf("%s %s: liveness probe gives up after %s", env.Name, p.id, got)
			}
			// The probe is answered by the client itself, from which port it serves its metrics.
			i := slices.Index(c.Args, "-prometheusPort")
			if i < 0 || c.LivenessProbe.HTTPGet == nil || c.LivenessProbe.HTTPGet.Path != "/prometheus" || c.Args[i+1] != fmt.Sprint(c.Ports[0].ContainerPort) {
				t.Errorf("%s %s: liveness probe %+v, arguments %v", env.Name, p.id, c.LivenessProbe, c.Args)
			}
			for _, bad := range []string{"-noRetryAfterConnected", "-disableSslVerification", "-password"} {
				if slices.Contains(c.Args, bad) {
					t.Errorf("%s %s: has %s", env.Name, p.id, bad)
				}
			}
		}
	}
}
