package demand

import (
	"regexp"
	"strings"
)

// cause is what Jenkins's sentence about a waiting item tells. Of a label that exactly one node has, Jenkins names the node instead; of
// one that idle executors refuse, each of them.
type cause struct {
	label    string   // of the item, as Jenkins writes it
	either   string   // that label, or the one node that has it
	alone    string   // the one node that has the label; it is offline
	nodes    []string // nodes that have the label; one of them at least has an idle executor that may not take the item
	self     string   // node that a pipeline resumes on
	reserved bool     // the item has no label, and there are agents that take labelled builds only
	denied   bool     // whoever runs the item may not use the agents
	free     bool     // waits, for whatever
	shutdown bool     // nothing is started, and labels are not told
}

const (
	waits    = "Waiting for next available executor"
	shutting = "Jenkins is about to shut down"
)

// The parts of a list of refusals. Quotes are absent before Jenkins 2.138 or so.
var (
	lacksLabel = regexp.MustCompile(`^(.+) doesn['’]t have label (.+)$`)
	offline    = regexp.MustCompile(`^(.+) is offline$`)
	closed     = regexp.MustCompile(`^(.+) is not accepting tasks$`)
	reserved   = regexp.MustCompile(`^.+ is reserved for jobs with matching label expression$`)
	denied     = regexp.MustCompile(`^.+ lacks permission to run on .+$`)
	bound      = regexp.MustCompile(`^Must run on (.+) not .+$`)
	times      = regexp.MustCompile(` \([0-9]+ times\)$`)
)

// read takes a sentence of Jenkins apart. What it does not know gives the zero cause.
func read(why string) cause {
	if why == waits {
		return cause{free: true}
	}
	if label, ok := between(why, "There are no nodes with the label ", ""); ok {
		return cause{label: label}
	}
	if label, ok := between(why, "All nodes of label ", " are offline"); ok {
		return cause{label: label}
	}
	if name, ok := between(why, waits+" on ", ""); ok {
		return cause{either: name}
	}
	if strings.HasPrefix(why, shutting) {
		return cause{shutdown: true}
	}
	return refusals(strings.Split(why, "; "))
}

// refusals reads a list of reasons for which idle executors do not take an item.
func refusals(parts []string) cause {
	var c cause
	for _, part := range parts {
		part = times.ReplaceAllString(part, "")
		if m := lacksLabel.FindStringSubmatch(part); m != nil {
			c.label = bare(m[2])
		} else if m := bound.FindStringSubmatch(part); m != nil {
			c.self = bare(m[1])
		} else if m := offline.FindStringSubmatch(part); m != nil {
			c.nodes = append(c.nodes, bare(m[1]))
		} else if m := closed.FindStringSubmatch(part); m != nil {
			c.nodes = append(c.nodes, bare(m[1]))
		}
		c.reserved = c.reserved || reserved.MatchString(part)
		c.denied = c.denied || denied.MatchString(part)
	}
	if len(parts) == 1 && len(c.nodes) == 1 && strings.HasSuffix(parts[0], " is offline") {
		c.alone, c.nodes = c.nodes[0], nil
	}
	return c
}

// between returns what stands between two texts, without quotes around it.
func between(text, before, after string) (string, bool) {
	text, ok := strings.CutPrefix(text, before)
	if !ok {
		return "", false
	}
	text, ok = strings.CutSuffix(text, after)
	return bare(text), ok && text != ""
}

// bare takes away the quotes that Jenkins puts around names, none on old versions.
func bare(text string) string {
	for _, q := range [][2]string{{"‘", "’"}, {"'", "'"}} {
		if rest, ok := strings.CutPrefix(text, q[0]); ok {
			if rest, ok = strings.CutSuffix(rest, q[1]); ok {
				return rest
			}
		}
	}
	return text
}
