// Package fleet joins the parts into one line per pool: snapshot, demand, roster, decision, plan, acts, status.
//
// One goroutine per Jenkins asks it every few seconds, and then visits each of its pools. What changes in a cluster wakes it at once: then
// the last answer of Jenkins is good enough to start agents, and nothing is stopped on the strength of it.
package fleet

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
)

// Place is where pools are: one environment in its cluster.
type Place struct {
	Environment string
	// Config is the way to the cluster, with the environment's own identity. As long as it is the same pointer, it is the same way.
	Config     *rest.Config
	Namespaces []string // in which there may be pools
}

// Options is how a fleet runs. The zero value of every field but Places has a meaning.
type Options struct {
	// Places are the environments that have pools, as they are now.
	Places func() []Place
	// Changed is closed when Places may return something else. It is asked for before Places is. May be nil.
	Changed func() <-chan struct{}
	Poll    time.Duration // between two looks at a Jenkins; 0 means 5 s
	Log     *slog.Logger  // nil: silent
	Now     func() time.Time
	// Version of the program, for the User-Agent of requests to Jenkins.
	Version string
	// Transport carries the requests to Jenkins in place of connections of the client's own; for tests. May be nil.
	Transport http.RoundTripper
	// After is the timer of Poll; time.After if nil.
	After func(time.Duration) <-chan time.Time
	// Trace is told of each visit of a pool that did anything or decided anew, and of each Jenkins that comes or goes. It must not block. May be nil.
	Trace func(Span)
	// Stopped tells, once the context of Run has ended, whether nothing may be written any more because another process leads. May be nil.
	Stopped func(context.Context) bool
}

// DefaultPoll is how often a Jenkins is asked.
const DefaultPoll = 5 * time.Second

func (o *Options) complete() {
	o.Poll = cmp.Or(o.Poll, DefaultPoll)
	o.Version = cmp.Or(o.Version, "dev")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = time.After
	}
	if o.Changed == nil {
		o.Changed = func() <-chan struct{} { return nil }
	}
	if o.Stopped == nil {
		o.Stopped = func(context.Context) bool { return false }
	}
}

// Fleet sizes the pools of all places.
type Fleet struct {
	opts  Options
	log   *slog.Logger
	board *board
	wake  chan struct{} // a site has news

	running sync.WaitGroup
	mu      sync.Mutex
	sites   map[string]*site // by environment
	masters map[masterKey]*master
	pools   map[string]*tracked // by UID
}

// New returns a fleet that has not started.
func New(o Options) *Fleet {
	o.complete()
	return &Fleet{
		opts: o, log: o.Log, board: newBoard(), wake: make(chan struct{}, 1),
		sites: map[string]*site{}, masters: map[masterKey]*master{}, pools: map[string]*tracked{},
	}
}

// site is one place with its client.
type site struct {
	environment string // of the place; it never changes
	client      *kube.Client
	stop        context.CancelFunc

	place Place // guarded by the fleet's lock

	mu    sync.Mutex
	dirty map[string]bool // namespaces with news
}

// news returns the namespaces in which something has changed, and starts to collect anew.
func (s *site) news() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.dirty
	s.dirty = map[string]bool{}
	return out
}

// Run works until ctx ends, and returns when everything that it started has ended. What is under way is finished or given up within seconds;
// the next start goes on from there.
func (f *Fleet) Run(ctx context.Context) error {
	defer f.board.clear()
	defer f.running.Wait()
	for {
		changed := f.opts.Changed()
		f.arrange(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-f.wake:
		}
		select { // one change rarely comes alone
		case <-ctx.Done():
		case <-time.After(gather):
		}
	}
}

// gather is how long further news is waited for.
const gather = 20 * time.Millisecond

// arrange follows the places that there are, and has each of their pools served by the goroutine of its Jenkins.
func (f *Fleet) arrange(ctx context.Context) {
	defer f.rescue("arrange")
	if ctx.Err() != nil {
		return
	}
	f.follow(ctx, f.opts.Places())
	f.assign(ctx)
}

// rescue turns a panic into a line of the log.
func (f *Fleet) rescue(where string) {
	if cause := recover(); cause != nil {
		f.board.panicked()
		f.log.Error("panic", "op", where, "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
	}
}

// follow opens and closes sites.
func (f *Fleet) follow(ctx context.Context, places []Place) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := map[string]bool{}
	for _, p := range places {
		wanted[p.Environment] = true
		s := f.sites[p.Environment]
		if s != nil && s.place.Config != p.Config {
			s.stop()
			s = nil
		}
		if s == nil {
			if s = f.open(ctx, p); s == nil {
				continue
			}
		}
		if !slices.Equal(s.place.Namespaces, p.Namespaces) || f.sites[p.Environment] != s {
			s.client.Follow(p.Namespaces)
		}
		s.place = p
		f.sites[p.Environment] = s
	}
	for name, s := range f.sites {
		if !wanted[name] {
			s.stop()
			delete(f.sites, name)
		}
	}
}

// open begins to follow a place.
func (f *Fleet) open(ctx context.Context, p Place) *site {
	ctx, stop := context.WithCancel(ctx)
	s := &site{environment: p.Environment, place: p, stop: stop, dirty: map[string]bool{}}
	var err error
	s.client, err = kube.New(p.Config, kube.Options{Log: f.log.With("env", p.Environment), Notify: func(ns string) {
		s.mu.Lock()
		s.dirty[ns] = true
		s.mu.Unlock()
		f.again()
	}})
	if err != nil {
		stop()
		f.log.Error("pools not followed", "env", p.Environment, "err", err)
		return nil
	}
	f.running.Go(func() { _ = s.client.Run(ctx) })
	return s
}

func (f *Fleet) again() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// found is a pool with the site that serves it.
type found struct {
	site *site
	pool *pool.Pool
}

// owner is the annotation by which the environment line marks what it applies.
const owner = "majordomo.dev/environment"

// find lists all pools, each once: two environments may share a namespace, and then the one that applies a pool serves it. The caller holds
// the lock.
func (f *Fleet) find() map[string]found {
	out := map[string]found{}
	names := make([]string, 0, len(f.sites))
	for name := range f.sites {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := f.sites[name]
		for _, p := range s.client.Pools() {
			by := p.Annotations[owner]
			other := f.sites[by]
			if _, taken := out[p.UID]; taken && by != name || by != name && other != nil && slices.Contains(other.place.Namespaces, p.Namespace) &&
				other.place.Config.Host == s.place.Config.Host {
				continue
			}
			out[p.UID] = found{s, p}
		}
	}
	return out
}

// assign gives each pool to the master of its Jenkins, and wakes those with news.
func (f *Fleet) assign(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	news := map[*site]map[string]bool{}
	for _, s := range f.sites {
		news[s] = s.news()
	}
	pools := f.find()
	served := map[masterKey][]*tracked{}
	woken := map[masterKey]bool{}
	for uid, p := range pools {
		t := f.pools[uid]
		if t == nil {
			t = newTracked(uid)
			f.pools[uid] = t
		}
		t.place(p.site, kube.RefOf(p.pool))
		key := keyOf(p)
		served[key] = append(served[key], t)
		woken[key] = woken[key] || news[p.site][p.pool.Namespace]
	}
	f.dismiss(pools)
	for key, m := range f.masters {
		if len(served[key]) == 0 {
			m.stop()
			delete(f.masters, key)
		}
	}
	for key, list := range served {
		slices.SortFunc(list, func(a, b *tracked) int { return strings.Compare(a.id(), b.id()) })
		if m := f.masters[key]; m != nil {
			m.serve(list, woken[key])
		} else {
			f.employ(ctx, key, list)
		}
	}
}

// dismiss forgets pools that are gone. One whose namespace cannot be read at the moment is not.
func (f *Fleet) dismiss(pools map[string]found) {
	for uid, t := range f.pools {
		if _, there := pools[uid]; there {
			continue
		}
		delete(f.pools, uid)
		t.leave()
		f.board.remove(t.key(), uid)
	}
}
