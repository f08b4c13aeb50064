package notice

import (
	"slices"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/window"
)

// How long a state has to last before it is said. An environment that may still recover by itself is not Stalled, so it needs no further time.
const (
	sourceGrace  = 5 * time.Minute
	jenkinsGrace = 2 * time.Minute
	stalledGrace = 2 * time.Minute
	limitedGrace = 10 * time.Minute // more builds than agents for a while is what limits are for
)

// fact is how one subject is now.
type fact struct {
	key     string
	bad     bool
	cause   string // the same over what changes while the trouble stays the same: the time of the next try, numbers
	grace   time.Duration
	message Message
}

// worth tells whether a fact that is not what was said before is worth a message: what is well is so only after it was not.
func (f fact) worth(known bool) bool { return f.bad || known }

// facts returns how everything is that a sink is told of. Of what is in between, there is no fact.
func facts(s window.State, sink config.Notification) []fact {
	out := source(s.Source)
	for _, e := range s.Environments {
		if sink.Covers(e.Name) && len(e.Checks) > 0 {
			out = append(out, environment(e, s.Source, sink)...)
		}
	}
	for _, p := range s.Pools {
		if sink.Covers(p.Environment) {
			out = append(out, pool(p)...)
		}
	}
	for _, m := range s.Masters {
		if sink.Covers(m.Environment) {
			out = append(out, master(m))
		}
	}
	return out
}

func source(s window.Source) []fact {
	f := fact{key: "repository", message: Message{Event: config.Recovered, Severity: Info, Title: "config repository: read again", Text: "the config repository answers"}}
	switch {
	case s.Refused != "":
		f.bad, f.cause = true, s.Refused
		f.message = Message{Event: config.Failed, Severity: Error, Title: "config repository: a commit is refused", Text: clean(s.Error), Revision: s.Refused}
	case s.Error != "":
		f.bad, f.cause, f.grace = true, "unread", sourceGrace
		f.message = Message{Event: config.Failed, Severity: Error, Title: "config repository: cannot be read", Text: clean(s.Error)}
	case s.Revision == "":
		return nil
	}
	return []fact{f}
}

func environment(e window.Environment, s window.Source, sink config.Notification) []fact {
	out := append(health(e, s, sink), hold(e))
	if e.Revision != "" {
		out = append(out, applied(e))
	}
	for _, f := range e.Fights {
		out = append(out, fact{
			key: fightKey(e.Name, f.Object), bad: true, cause: clean(f.Manager), message: Message{
				Event: config.Fight, Severity: Warning, Environment: e.Name, Title: e.Name + ": two writers fight over an object",
				Text: clean(f.Sentence()),
			},
		})
	}
	return out
}

func fightKey(env, object string) string { return "fight/" + env + "/" + clean(object) }

// health is whether somebody has to look at an environment.
func health(e window.Environment, s window.Source, sink config.Notification) []fact {
	st := status.Environment{Conditions: e.Checks}
	ready, _ := st.Condition(status.Ready)
	f := fact{key: "environment/" + e.Name, message: Message{Environment: e.Name, Text: clean(ready.Message)}}
	switch {
	case ready.Status == status.True:
		f.message.Event, f.message.Severity, f.message.Title, f.message.Revision = config.Recovered, Info, e.Name+": recovered", e.Revision
	case !st.Is(status.Stalled),
		ready.Reason == status.PruneGuard && slices.Contains(sink.On, config.Held),
		ready.Reason == status.DriftLoop && slices.Contains(sink.On, config.Fight),
		s.Error != "" && slices.Contains([]string{status.FetchFailed, status.AuthFailed, status.NotFastForward}, ready.Reason):
		return nil // on its way, or told otherwise
	default:
		f.bad, f.cause = true, ready.Reason+" "+e.Tried
		f.message.Event, f.message.Severity, f.message.Title, f.message.Revision = config.Failed, Error, e.Name+": failed", e.Tried
	}
	return []fact{f}
}

func hold(e window.Environment) fact {
	f := fact{key: "held/" + e.Name, message: Message{Event: config.Held, Environment: e.Name}}
	if e.Held == nil {
		f.message.Severity, f.message.Title = Info, e.Name+": no prune waits any more"
		f.message.Text = status.Released
		return f
	}
	f.bad, f.cause = true, clean(e.Held.Hash)
	f.message.Severity, f.message.Title, f.message.Text = Warning, e.Name+": a prune waits for approval", clean(e.Held.Reason)
	f.message.Revision = e.Revision
	return f
}

// applied is the commit that is in force. One that changed nothing is not worth telling.
func applied(e window.Environment) fact {
	f := fact{key: "applied/" + e.Name, cause: clean(e.Revision)}
	f.message = Message{Severity: Info, Environment: e.Name, Title: e.Name + ": commit " + short(e.Revision) + " is applied", Revision: e.Revision}
	if n := e.Sync; n != nil && n.Created+n.Updated+n.Pruned > 0 {
		f.message.Event = config.Applied
		f.message.Text = n.Sentence(e.Revision)
	}
	return f
}

func pool(p window.Pool) []fact {
	f := fact{key: "pool/" + p.Key(), message: Message{Event: config.Pools, Environment: p.Environment, Pool: p.Key(), Text: clean(p.Reason)}}
	switch p.State {
	case window.Stalled:
		f.bad, f.cause, f.grace, f.message.Severity = true, p.State, stalledGrace, Error
		f.message.Title = "pool " + p.Key() + ": stalled"
	case window.Limited:
		f.bad, f.cause, f.grace, f.message.Severity = true, p.State, limitedGrace, Warning
		f.message.Title = "pool " + p.Key() + ": wants more agents than its limits allow"
	case window.Ready:
		f.grace, f.message.Severity, f.message.Title = stalledGrace, Info, "pool "+p.Key()+": well again"
	default:
		return nil
	}
	return []fact{f}
}

func master(m window.Master) fact {
	url := clean(m.URL)
	f := fact{key: "jenkins/" + m.Environment + "/" + m.Namespace + "/" + url, grace: jenkinsGrace, message: Message{Event: config.Jenkins, Environment: m.Environment}}
	if m.Up {
		f.message.Severity, f.message.Title, f.message.Text = Info, m.Environment+": Jenkins answers again", "Jenkins at "+url+" answers again"
		return f
	}
	f.bad, f.cause = true, "down"
	f.message.Severity, f.message.Title, f.message.Text = Error, m.Environment+": Jenkins does not answer", clean(m.Reason)
	return f
}

// clean makes a text one line without escape sequences.
func clean(text string) string { return status.Clean(text, 1000) }

func short(revision string) string { return clean(revision[:min(len(revision), 7)]) }
