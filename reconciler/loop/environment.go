package loop

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/status"
)

// environment is what the loop remembers of one environment. All but the fields under the mutex belong to whoever works on its name, of whom
// the queue lets there be only one.
type environment struct {
	name    string
	visited atomic.Bool

	client *cluster.Client
	server *server
	uid    string // of the Environment object that status was written to

	inventory plan.Inventory
	status    status.Environment // as last written
	fights    fights
	told      string // what the log was last told of, so that it is not told again at every visit
	look      status.Look
	asked     string // value of the annotation by which a person waits for this visit, "" if nobody does

	mu      sync.Mutex
	spec    config.Environment
	changed bool             // spec is not the one that client was made for
	gone    bool             // it left the fleet
	stop    func()           // ends the watches, nil while there are none
	why     []status.Trigger // since the last visit
	good    *wish            // last commit that rendered
	bad     error            // why a newer one did not
	tried   string           // newest commit that was rendered, well or badly
	seen    glance           // a commit that was looked at beside it
	pools   []string         // namespaces that have AgentPools
}

// glance is what a commit wants of an environment that does not, or not yet, follow it.
type glance struct {
	commit string
	wish   *wish
	err    error
}

// wish is what one commit wants of an environment.
type wish struct {
	commit   string
	desired  plan.Desired
	warnings []string
	again    func(context.Context) error // renders once more and compares, before anything is pruned
}

// configure takes in what fleet.yaml says now.
func (e *environment) configure(spec config.Environment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !reflect.DeepEqual(e.spec, spec) {
		e.spec, e.changed, e.seen = spec, true, glance{}
	}
}

func (e *environment) config() config.Environment {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.spec
}

func (e *environment) trigger(why status.Trigger) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.why) < 8 {
		e.why = append(e.why, why)
	}
}

// triggers returns why the environment is visited, the most telling reason, and starts to collect anew.
func (e *environment) triggers() status.Trigger {
	e.mu.Lock()
	defer e.mu.Unlock()
	why := status.Retry
	for _, w := range e.why {
		if rank(w) > rank(why) {
			why = w
		}
	}
	e.why = nil
	return why
}

func rank(t status.Trigger) int {
	for i, known := range []status.Trigger{status.Retry, status.Drifted, status.Poll, status.Webhook, status.Manual} {
		if t == known {
			return i
		}
	}
	return -1
}

// leave ends the environment for good.
func (e *environment) leave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gone = true
	if e.stop != nil {
		e.stop()
	}
}

// left tells whether the environment is no longer of the fleet.
func (e *environment) left() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.gone
}

// fail puts an error of majordomo's own on the board.
func (e *environment) fail(l *Loop, err error) {
	l.show(e, status.Of(status.Report{Name: e.name, Revision: e.status.Revision, Digest: e.status.Digest, Cluster: err, Inventory: e.inventory}, e.status, l.opts.Now()), time.Time{})
}

// show puts the status of an environment, when it is looked at again, and what the visit went by, on the board. One that left the fleet meanwhile does not come back.
func (l *Loop) show(e *environment, now status.Environment, next time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !e.left() {
		l.board.Put(e.name, now)
		l.board.Next(e.name, next)
		l.board.Looked(e.name, e.look)
	}
}

var errLeft = errors.New("the environment left the fleet")

// open connects the environment to its cluster, anew if fleet.yaml has changed how.
func (l *Loop) open(ctx context.Context, e *environment) error {
	server, err := l.connect(e.config().Context)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return errLeft
	}
	if e.client != nil && !e.changed {
		return nil
	}
	if e.stop != nil {
		e.stop()
	}
	e.client, e.stop, e.tried, e.good = nil, nil, "", nil // the bounds of what may be rendered may have changed too
	if e.server != nil && e.server != server {
		e.inventory, e.status, e.fights = nil, status.Environment{}, nil // these are of another cluster, which keeps them in its own books
	}
	client, err := server.Client(e.name, e.spec.ServiceAccount.Reference())
	if err != nil {
		return err
	}
	if !l.opts.Unwatched {
		live, stop := context.WithCancel(ctx)
		watches := client.Watching(func() { l.Visit(e.name, status.Drifted) })
		l.running.Go(func() { _ = watches.Run(live) })
		e.stop = stop
	}
	e.client, e.server, e.changed = client, server, false
	return nil
}

// connect returns the server of a context; all environments of one context share it.
func (l *Loop) connect(name string) (*server, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.servers[name]; s != nil {
		return s, nil
	}
	cfg, err := l.opts.Connect(name)
	if err != nil {
		return nil, err
	}
	s := &server{Server: cluster.NewServer(cfg, l.log), config: cfg}
	if s.records, err = s.Records(); err != nil {
		return nil, err
	}
	l.servers[name] = s
	return s, nil
}

// follow watches the books of a cluster, from when they are known to be there.
func (l *Loop) follow(ctx context.Context, s *server) {
	if l.opts.Unwatched {
		return
	}
	s.followed.Do(func() {
		l.running.Go(func() {
			_ = s.records.Watch(ctx, func(env string) { l.Visit(env, status.Manual) })
		})
	})
}

// book returns the environment's record, made or brought up to date where need be, and takes in what it remembers.
func (l *Loop) book(ctx context.Context, e *environment) (cluster.Record, error) {
	first := e.inventory == nil
	if first {
		_, err := e.server.records.Get(ctx, e.name)
		if errors.Is(err, cluster.ErrNotInstalled) && l.opts.Install != nil {
			err = l.opts.Install(ctx, e.server.config)
		}
		if err != nil {
			return cluster.Record{}, err
		}
	}
	l.follow(ctx, e.server)
	rec, err := e.server.records.Ensure(ctx, e.name, mirror(e.config()))
	if err != nil {
		return rec, err
	}
	rec = e.server.records.Heed(rec)
	if !first {
		if rec.Object.UID() != e.uid { // somebody deleted the books; they are written again from memory
			e.status, e.uid = status.Environment{}, rec.Object.UID()
		}
		return rec, nil
	}
	if rec.Broken != nil {
		return rec, fmt.Errorf("the status of its Environment object is damaged, so what may be pruned is unknown: %w", rec.Broken)
	}
	inv, err := status.DecodeInventory(rec.Status.Inventory)
	if err != nil {
		return rec, err
	}
	e.inventory, e.status, e.uid = inv, rec.Status, rec.Object.UID()
	return rec, nil
}

// mirror returns the spec of the Environment object: what fleet.yaml says.
func mirror(c config.Environment) map[string]any {
	spec := map[string]any{
		"path":  c.Path,
		"prune": map[string]any{"maxObjects": int64(c.Prune.MaxObjects), "maxPercent": int64(c.Prune.MaxPercent)},
	}
	if c.Context != "" {
		spec["context"] = c.Context
	}
	if a := c.ServiceAccount.Reference(); a != nil {
		spec["serviceAccount"] = *a
	}
	for field, values := range map[string][]string{"namespaces": c.Namespaces, "clusterKinds": c.ClusterKinds} {
		if len(values) > 0 {
			spec[field] = list(values)
		}
	}
	return spec
}

func list(values []string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}
