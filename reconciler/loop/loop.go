// Package loop joins the parts into one line per environment: commit, render, observe, plan, apply, status.
package loop

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/git"
	"majordomo.dev/reconciler/render"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/telemetry"
)

// source is where commits come from: a *git.Mirror.
type source interface {
	Head(ctx context.Context) (string, error)
	Fetch(ctx context.Context, hash string) (*git.Commit, error)
	Find(ctx context.Context, hash string) (*git.Commit, error)
	Last() *git.Commit
}

// Options is how a loop runs. The zero value of every field but Connect has a meaning.
type Options struct {
	// Connect returns the way to the cluster of a kubeconfig context, "" for the cluster that the program runs in.
	Connect func(context string) (*rest.Config, error)
	// Install brings majordomo's own kinds into a cluster that does not know them; nil means that this is an error.
	Install   func(ctx context.Context, config *rest.Config) error
	Poll      time.Duration // between two looks at the repository; 0 means 30 s
	FleetFile string        // in the repository; "" means fleet.yaml
	URL, Ref  string        // of the repository, for people to read; without user and password
	Namespace string        // majordomo's own, from which nothing is pruned
	Retry     Backoff       // between attempts of a failing environment
	Patience  time.Duration // how long objects may take to become ready; 0 means status.DefaultPatience
	Now       func() time.Time
	// Trace is told of each pass that is over: a visit of an environment, or a look at the repository that found anything. It must not block. May be nil.
	Trace     func(telemetry.Span)
	Unwatched bool // for Once: nothing stays open, every look is a request
}

// Loop keeps all environments of one repository as their commit says.
type Loop struct {
	opts     Options
	source   source
	renderer *render.Renderer
	board    *status.Board
	log      *slog.Logger
	queue    workqueue.TypedRateLimitingInterface[string]
	pulling  sync.Mutex
	woken    atomic.Bool // by a webhook, since the last look at the repository
	lastRead time.Time   // of the repository, without a fault
	commits  commits

	mu      sync.Mutex
	commit  *git.Commit // newest one with a valid fleet
	pulled  bool        // the repository was looked at once, with whatever outcome
	fault   error       // of the last look at the repository
	fleet   config.Fleet
	envs    map[string]*environment
	servers map[string]*server // by context
	running sync.WaitGroup     // watches and reconciles
	beat    time.Time          // the last time that the queue moved
}

// server is one cluster with the books that are kept in it.
type server struct {
	*cluster.Server
	config  *rest.Config
	records *cluster.Records

	followed sync.Once
}

// repository is the name under which the repository itself is in the queue; no environment can be called so.
const repository = "/"

// New returns a loop that has not started.
func New(src source, board *status.Board, log *slog.Logger, opts Options) *Loop {
	if opts.Poll == 0 {
		opts.Poll = 30 * time.Second
	}
	if opts.FleetFile == "" {
		opts.FleetFile = config.FleetFile
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Loop{
		opts: opts, source: src, renderer: render.New(render.Limits{}), board: board, log: log,
		queue: workqueue.NewTypedRateLimitingQueue[string](newLimiter(opts.Retry)),
		envs:  map[string]*environment{}, servers: map[string]*server{},
	}
}

// Wake has the repository looked at now: all that a webhook does.
func (l *Loop) Wake() {
	l.woken.Store(true)
	l.queue.Add(repository)
}

// Run works until ctx ends, and returns when everything that it started has ended. What is under way is finished or given up within seconds;
// the next start goes on from there.
func (l *Loop) Run(ctx context.Context) error {
	l.queue.Add(repository)
	stop := context.AfterFunc(ctx, l.queue.ShutDown)
	defer stop()
	for {
		name, down := l.queue.Get()
		if down {
			break
		}
		// The queue never gives out a name that is being worked on, so there are at most as many of these as there are environments, and
		// one that hangs holds up nobody else.
		l.running.Go(func() {
			defer l.queue.Done(name)
			l.work(ctx, name)
		})
	}
	l.running.Wait()
	return nil
}

// work does what a name in the queue stands for, once.
func (l *Loop) work(ctx context.Context, name string) {
	l.mu.Lock()
	l.beat = l.opts.Now()
	env := l.envs[name]
	l.mu.Unlock()
	defer l.rescue(name, env)
	switch {
	case ctx.Err() != nil:
	case name == repository:
		l.pull(ctx)
		l.queue.Forget(repository)
		l.queue.AddAfter(repository, l.opts.Poll) // of several, the queue keeps the earliest
	case env != nil:
		l.visit(ctx, env)
	}
}

// rescue turns a panic in one environment's work into that environment's trouble.
func (l *Loop) rescue(name string, env *environment) {
	cause := recover()
	if cause == nil {
		return
	}
	l.board.Panicked("loop")
	l.log.Error("panic", "env", name, "err", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if env != nil {
		env.fail(l, fmt.Errorf("majordomo itself failed: %v; please report this", cause))
	}
	l.queue.AddRateLimited(name)
}

// Once looks at the repository and brings its environments to it, all or only these, once and one after the other.
func (l *Loop) Once(ctx context.Context, only ...string) error {
	defer l.queue.ShutDown()
	l.pull(ctx)
	l.mu.Lock()
	err := l.fault
	names := l.fleet.Environments
	l.mu.Unlock()
	if err != nil {
		return err
	}
	for _, e := range names {
		if len(only) == 0 || slices.Contains(only, e.Name) {
			l.work(ctx, e.Name)
		}
	}
	return ctx.Err()
}

// Alive returns why the loop does not count as alive, nil if its queue moved lately: the repository is due every poll.
func (l *Loop) Alive(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if quiet := now.Sub(l.beat); !l.beat.IsZero() && quiet > 10*l.opts.Poll+5*time.Minute {
		return fmt.Errorf("the loop has not moved for %s", quiet.Round(time.Second))
	}
	return nil
}

// Ready returns what has not been looked at yet, nil once every environment has been visited.
func (l *Loop) Ready() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.pulled {
		return fmt.Errorf("the repository has not been read yet")
	}
	for name, e := range l.envs {
		if !e.visited.Load() {
			return fmt.Errorf("environment %s has not been visited yet", name)
		}
	}
	return nil
}
