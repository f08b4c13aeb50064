package jenkinstest

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Register is an annotation of a pod: how its agent misbehaves. Words have commas between them:
//
//	never           it does not register
//	10s             it registers so late after its pod was ready
//	suffix          its node has a hash behind the pod's name
//	disconnect=5s   its connection ends so long after it has registered, and it does not come back
//	monitor=5s      a monitor of Jenkins takes its node offline so long after it has registered
//	freeze=5s       its machine hangs so long after it has registered
const Register = "e2e.majordomo.dev/register"

// podAgent is the agent that a pod wants to be.
type podAgent struct {
	spec    Node
	ref     podRef
	modest  bool
	never   bool
	delay   time.Duration
	trouble []trouble
}

// trouble comes after an agent has registered.
type trouble struct {
	kind string
	in   time.Duration
}

// readPod finds out what the swarm client of a pod was told: by its arguments, or by the variables AGENT_LABELS and AGENT_MODE.
func readPod(p *corev1.Pod) (*podAgent, error) {
	c := clientOf(p)
	env := environment(p, c)
	a := &podAgent{
		ref:    podRef{namespace: p.Namespace, name: p.Name, uid: string(p.UID)},
		spec:   Node{Name: p.Name, Executors: 1, Labels: strings.Fields(env["AGENT_LABELS"]), Exclusive: strings.EqualFold(env["AGENT_MODE"], "exclusive")},
		modest: true,
	}
	description := fmt.Sprintf("pod %s/%s %s", p.Namespace, p.Name, p.UID)
	args := expand(append(slices.Clone(c.Command), c.Args...), env)
	if i := slices.Index(args, "-labels"); i >= 0 {
		a.spec.Labels = nil
	}
	unique := slices.Contains(args, "-name")
	for i, arg := range args {
		value := ""
		if i+1 < len(args) {
			value = args[i+1]
		}
		switch arg {
		case "-name":
			a.spec.Name = value
		case "-labels":
			a.spec.Labels = append(a.spec.Labels, strings.Fields(value)...)
		case "-mode":
			a.spec.Exclusive = strings.EqualFold(value, "exclusive")
		case "-description":
			description = value
		case "-executors":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("pod %s: -executors %q is no number of executors", a.ref.String(), value)
			}
			a.spec.Executors = n
		case "-disableClientsUniqueId":
			unique = false
		case "-deleteExistingClients":
			a.modest = false
		}
	}
	ip := p.Status.PodIP
	if ip == "" {
		ip = "127.0.0.1"
	}
	a.spec.Description = "Swarm agent from " + ip + ": " + description
	if err := a.misbehave(p.Annotations[Register]); err != nil {
		return nil, fmt.Errorf("pod %s: annotation %s: %w", a.ref.String(), Register, err)
	}
	if unique {
		a.spec.Name += suffix(a.ref.uid)
	}
	return a, nil
}

// suffix is what a swarm client puts behind its name to make it unique.
func suffix(of string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(of))
	return fmt.Sprintf("-%08x", h.Sum32())
}

func (a *podAgent) misbehave(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		word, after, timed := strings.Cut(strings.TrimSpace(word), "=")
		in := time.Second
		if timed {
			var err error
			if in, err = time.ParseDuration(after); err != nil {
				return err
			}
		}
		switch word {
		case "":
		case "never":
			a.never = true
		case "suffix":
			a.spec.Name += suffix(a.ref.uid)
		case "disconnect", "monitor", "freeze":
			a.trouble = append(a.trouble, trouble{kind: word, in: in})
		default:
			d, err := time.ParseDuration(word)
			if err != nil {
				return fmt.Errorf("%q is none of never, a duration, suffix, disconnect, monitor, freeze", word)
			}
			a.delay = d
		}
	}
	return nil
}

// clientOf is the container that runs the swarm client.
func clientOf(p *corev1.Pod) corev1.Container {
	for _, c := range p.Spec.Containers {
		if slices.Contains(c.Args, "-labels") || slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "AGENT_LABELS" }) {
			return c
		}
	}
	if len(p.Spec.Containers) == 0 {
		return corev1.Container{}
	}
	return p.Spec.Containers[0]
}

// environment is that of a container, as far as the pod itself tells.
func environment(p *corev1.Pod, c corev1.Container) map[string]string {
	fields := map[string]string{
		"metadata.name": p.Name, "metadata.namespace": p.Namespace, "metadata.uid": string(p.UID), "status.podIP": p.Status.PodIP,
		"spec.nodeName": p.Spec.NodeName,
	}
	env := map[string]string{}
	for _, e := range c.Env {
		value := expand([]string{e.Value}, env)[0]
		if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil {
			value = fields[e.ValueFrom.FieldRef.FieldPath]
		}
		env[e.Name] = value
	}
	return env
}

// expand puts the values of variables in place of $(NAME).
func expand(args []string, env map[string]string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		for name, value := range env {
			a = strings.ReplaceAll(a, "$("+name+")", value)
		}
		out[i] = a
	}
	return out
}

// ready tells whether a pod's agent may run, and how often its container has started anew.
func ready(p *corev1.Pod) (ok bool, restarts int32) {
	for _, s := range p.Status.ContainerStatuses {
		restarts += s.RestartCount
	}
	ok = slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
	return ok, restarts
}
