package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"majordomo.dev/jenkins"
	"majordomo.dev/jenkins/demand"
	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rest"
)

const (
	rotation = 3 * time.Minute        // after which the Secret is read again
	together = 8                      // pools of one Jenkins that are visited at once
	recovery = 250 * time.Millisecond // between two visits that news has caused
)

// masterKey names one Jenkins as one account sees it, whose Secret one environment may read.
type masterKey struct{ environment, url, namespace, secret, ca string }

// account names the Secrets, for people.
func (k masterKey) account() string {
	if k.ca != "" {
		return k.secret + " " + k.ca
	}
	return k.secret
}

func keyOf(f found) masterKey {
	j := f.pool.Spec.Jenkins
	return masterKey{f.site.environment, sameURL(j.URL), f.pool.Namespace, j.Credentials.Name, j.CA.Name}
}

// sameURL writes a URL of a Jenkins one way, so that pools of one Jenkins are known as such.
func sameURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	u.Host, u.Path = strings.ToLower(u.Host), strings.TrimRight(u.Path, "/")
	return u.String()
}

// line is the connection to a Jenkins. It belongs to the look that is under way.
type line struct {
	client  *rest.Client
	account string    // that client asks as, to see that the Secret has changed
	read    time.Time // when the Secret was read last
}

// master is one Jenkins with its pools. What is not under the mutex belongs to its goroutine.
type master struct {
	f    *Fleet
	key  masterKey
	log  *slog.Logger
	stop context.CancelFunc
	woke chan struct{}

	line   line
	client *rest.Client      // that the last answer came by
	last   *jenkins.Snapshot // the last good answer
	before *jenkins.Snapshot // the one before that
	fault  *jenkins.Fault    // why there is no present answer, nil if there is
	told   jenkins.Reason    // what the log was told
	asked  period            // of the last answer, good or not

	mu    sync.Mutex
	pools []*tracked
	known *jenkins.Snapshot // last, as long as it is the present answer: for others that serve the same Jenkins
}

// employ starts the goroutine of a Jenkins that serves these pools. The caller holds the fleet's lock.
func (f *Fleet) employ(ctx context.Context, key masterKey, pools []*tracked) {
	ctx, stop := context.WithCancel(ctx)
	m := &master{f: f, key: key, stop: stop, pools: pools, woke: make(chan struct{}, 1), log: f.log.With("env", key.environment, "jenkins", key.url)}
	f.masters[key] = m
	f.running.Go(func() {
		defer stop()
		m.run(ctx)
	})
}

// serve sets the pools of the Jenkins, and has them visited now where there is news.
func (m *master) serve(pools []*tracked, now bool) {
	m.mu.Lock()
	m.pools = pools
	m.mu.Unlock()
	if now {
		select {
		case m.woke <- struct{}{}:
		default:
		}
	}
}

func (m *master) served() []*tracked {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pools
}

// answer is what became of one look at a Jenkins.
type answer struct {
	client   *rest.Client // nil if there is none
	snapshot *jenkins.Snapshot
	fault    *jenkins.Fault
	asked    period
}

// run asks Jenkins every poll, never twice at a time, and visits the pools with each answer and with news.
func (m *master) run(ctx context.Context) {
	defer m.farewell(ctx)
	answers := make(chan answer, 1)
	asking, due := true, (<-chan time.Time)(nil)
	var asked sync.WaitGroup
	defer asked.Wait()
	ask := func() {
		asking, due = true, m.f.opts.After(m.f.opts.Poll)
		asked.Go(func() {
			began := m.f.opts.Now()
			a := m.ask(ctx)
			a.asked = period{began, m.f.opts.Now()}
			answers <- a
		})
	}
	ask()
	for overdue := false; ; {
		select {
		case <-ctx.Done():
			return
		case a := <-answers:
			asking = false
			m.take(a)
			m.round(ctx, true)
			if overdue {
				overdue = false
				ask()
			}
		case <-due:
			if due = nil; asking {
				overdue = true
				continue
			}
			ask()
		case <-m.woke:
			m.round(ctx, false)
			select { // whatever changes without end does not keep us from all else
			case <-ctx.Done():
			case <-time.After(recovery):
			}
		}
	}
}

// ask takes one look at Jenkins.
func (m *master) ask(ctx context.Context) (a answer) {
	defer func() {
		if cause := recover(); cause != nil {
			m.f.board.panicked()
			a = answer{client: m.line.client, fault: &jenkins.Fault{Reason: jenkins.BadAnswer, Text: fmt.Sprintf("majordomo itself failed: %v; please report this", cause)}}
		}
	}()
	client, err := m.connect(ctx)
	var s *jenkins.Snapshot
	if err == nil {
		s, err = client.Snapshot(ctx)
	}
	if err == nil {
		return answer{client: client, snapshot: s}
	}
	f := (*jenkins.Fault)(nil)
	if !errors.As(err, &f) {
		f = &jenkins.Fault{Reason: jenkins.Unreachable, Text: err.Error(), Err: err}
	}
	if f.Reason == jenkins.AuthLost {
		m.line.read = time.Time{} // the Secret may have been rotated
	}
	return answer{client: m.line.client, fault: f}
}

// NoCredentials is the reason for which a Jenkins is not asked at all.
const NoCredentials jenkins.Reason = "NoCredentials"

// connect returns a client with the credentials of now. The Secret is read again from time to time.
func (m *master) connect(ctx context.Context) (*rest.Client, error) {
	l, pools := &m.line, m.served()
	if len(pools) == 0 {
		return nil, context.Canceled
	}
	if now := m.f.opts.Now(); l.client != nil && now.Sub(l.read) < rotation && !now.Before(l.read) {
		return l.client, nil
	}
	s, ref := pools[0].at()
	sight, err := s.client.Look(ref)
	if sight.Pool == nil {
		return nil, err
	}
	a, err := s.client.Account(ctx, sight.Pool)
	if err != nil {
		if l.client != nil && !errors.Is(err, kube.ErrSecret) {
			return l.client, nil // the cluster does not answer: the credentials that there are still hold
		}
		return nil, &jenkins.Fault{Reason: NoCredentials, Text: err.Error(), Err: err}
	}
	l.read = m.f.opts.Now()
	account := fmt.Sprintf("%q %q %q %q %q", sight.Pool.Spec.Jenkins.URL, a.User, a.Token, a.Password, a.CA)
	if l.client != nil && account == l.account {
		return l.client, nil
	}
	client, err := rest.New(rest.Options{
		URL: sight.Pool.Spec.Jenkins.URL, User: a.User, Token: rest.NewSecret(a.Token), Password: rest.NewSecret(a.Password), CA: a.CA,
		Version: m.f.opts.Version, Now: m.f.opts.Now, Observe: m.f.board.observe(m.key), Transport: m.f.opts.Transport,
	})
	if err != nil {
		return nil, &jenkins.Fault{Reason: NoCredentials, Text: err.Error(), Err: err}
	}
	if l.client != nil {
		l.client.Close()
	}
	l.client, l.account = client, account
	return client, nil
}

// take remembers an answer.
func (m *master) take(a answer) {
	m.client, m.fault, m.asked = a.client, a.fault, a.asked
	if a.snapshot != nil {
		m.before, m.last = m.last, a.snapshot
	}
	m.mu.Lock()
	m.known = nil
	if a.fault == nil {
		m.known = m.last
	}
	m.mu.Unlock()
	m.f.board.answered(m.key, m.last, m.fault)
	reason := jenkins.Reason("")
	if m.fault != nil {
		reason = m.fault.Reason
	}
	switch {
	case reason == m.told:
	case reason != "":
		m.log.Warn("jenkins is not known, nothing is stopped", "reason", reason, "err", m.fault)
	default:
		m.log.Info("jenkins answers", "version", m.last.Version, "user", m.last.User)
	}
	if reason != m.told {
		m.turned()
	}
	m.told = reason
}

// world is what there is to know of a Jenkins in one round.
type world struct {
	key      masterKey
	client   *rest.Client
	last     *jenkins.Snapshot
	before   *jenkins.Snapshot
	fault    *jenkins.Fault
	demand   demand.Demand
	resuming []string
	fresh    bool   // the answer came just now
	asked    period // for it
}

// round visits all pools of the Jenkins once. Before its first answer, or fault, there is nothing to say that would not be wrong a moment later:
// what the process before this one has said stays.
func (m *master) round(ctx context.Context, fresh bool) {
	defer m.f.rescue("round")
	if m.last == nil && m.fault == nil {
		return
	}
	pools := m.served()
	w := world{key: m.key, client: m.client, last: m.last, before: m.before, fault: m.fault, fresh: fresh, asked: m.asked}
	if m.last != nil {
		w.demand = demand.Of(*m.last, m.competitors(pools))
		for node := range w.demand.Waited {
			w.resuming = append(w.resuming, node)
		}
	}
	var g errgroup.Group
	g.SetLimit(together)
	for _, t := range pools {
		g.Go(func() error {
			m.f.visit(ctx, t, w)
			return nil
		})
	}
	_ = g.Wait()
}

// competitors are all pools that the builds of this Jenkins may go to: its own, and those that another account serves which it lets in, too.
func (m *master) competitors(own []*tracked) []demand.Pool {
	all := own
	m.f.mu.Lock()
	others := make([]*master, 0, len(m.f.masters))
	for _, o := range m.f.masters {
		if o != m && o.key.url == m.key.url {
			others = append(others, o)
		}
	}
	m.f.mu.Unlock()
	for _, o := range others {
		o.mu.Lock()
		if o.known != nil && o.known.Session == m.last.Session {
			all = append(all[:len(all):len(all)], o.pools...)
		}
		o.mu.Unlock()
	}
	var out []demand.Pool
	for _, t := range all {
		s, ref := t.at()
		sight, err := s.client.Look(ref)
		if sight.Pool == nil || emptied(sight.Pool) {
			continue
		}
		if _, refused := pool.Refused(sight.Problems); refused && err == nil {
			continue
		}
		p := demand.Pool{ID: t.id(), Labels: sight.Pool.Spec.Labels, Mode: cmp.Or(sight.Pool.Spec.Mode, pool.Normal)}
		for _, pod := range sight.Pods {
			p.Agents = append(p.Agents, pod.Name)
		}
		out = append(out, p)
	}
	return out
}

// emptied tells whether a pool is to have no agents.
func emptied(p *pool.Pool) bool { return p.Deleting || p.Annotations[pool.DrainPool] != "" }

// farewell writes what is still to be remembered, and ends the connections.
func (m *master) farewell(ctx context.Context) {
	if !m.f.opts.Stopped(ctx) {
		m.f.save(context.WithoutCancel(ctx), m.served())
	}
	if m.line.client != nil {
		m.line.client.Close()
	}
	m.f.board.left(m.key)
}
