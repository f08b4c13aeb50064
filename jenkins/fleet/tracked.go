package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"majordomo.dev/jenkins/heal"
	"majordomo.dev/jenkins/kube"
	"majordomo.dev/jenkins/pool"
	"majordomo.dev/jenkins/rollout"
	"majordomo.dev/jenkins/roster"
	"majordomo.dev/jenkins/scale"
)

// tracked is what the fleet remembers of one pool.
type tracked struct {
	uid string

	where sync.Mutex // guards the three below
	site  *site
	ref   kube.Ref
	left  bool // the pool is gone, or another process's

	mu      sync.Mutex // one visit at a time; guards all below
	loaded  bool       // the memory was read, or there is none
	foreign bool       // its place is taken by somebody else
	memory  memory
	saved   []byte // as last written
	savedAt time.Time

	replicas  int // of the target, as the last visit left them; -1 if that is not known
	jobs      jobs
	templates map[string]bool // hashes that are kept, nil until they were listed
	news      news
	shown     shown
	removed   map[string]time.Time // nodes whose agents were removed, and when
	ghosts    map[string]time.Time // nodes without a pod, and since when they are seen
	warned    []string             // what the log was told of in the last visit
	failing   int                  // visits in a row in which something has failed
	panicked  bool                 // in some visit
}

// memory is what outlives the process. Its version is raised when an older one would be misread.
type memory struct {
	Version int           `json:"version"`
	Scale   scale.State   `json:"scale"`
	Roster  roster.Memory `json:"roster"`
	Heal    heal.Memory   `json:"heal"`
	Rollout rollout.State `json:"rollout"`
}

const memoryVersion = 1

func newTracked(uid string) *tracked {
	return &tracked{uid: uid, replicas: -1, removed: map[string]time.Time{}}
}

// place notes where the pool is.
func (t *tracked) place(s *site, ref kube.Ref) {
	t.where.Lock()
	defer t.where.Unlock()
	t.site, t.ref = s, ref
}

func (t *tracked) at() (*site, kube.Ref) {
	t.where.Lock()
	defer t.where.Unlock()
	return t.site, t.ref
}

// leave notes that the pool is not served any more.
func (t *tracked) leave() {
	t.where.Lock()
	defer t.where.Unlock()
	t.left = true
}

func (t *tracked) gone() bool {
	t.where.Lock()
	defer t.where.Unlock()
	return t.left
}

// key names the pool for people: ENVIRONMENT and NAMESPACE/NAME.
func (t *tracked) key() poolKey {
	s, ref := t.at()
	return poolKey{s.environment, ref.Namespace, ref.Name}
}

// id names the pool in a demand: two clusters may have one of the same name.
func (t *tracked) id() string {
	_, ref := t.at()
	return ref.String() + " " + t.uid
}

// recall reads the memory, once. Where there is none that is of use, the pool begins anew, and says so.
func (t *tracked) recall(ctx context.Context, s *site, p *pool.Pool) (warning string, err error) {
	if t.loaded {
		return "", nil
	}
	data, err := s.client.Memory(ctx, p)
	switch {
	case errors.Is(err, kube.ErrForeign), errors.Is(err, kube.ErrDamaged):
		t.foreign = errors.Is(err, kube.ErrForeign)
		warning = err.Error()
	case err != nil:
		return "", err
	case data != nil:
		m := memory{}
		if err := json.Unmarshal(data, &m); err != nil || m.Version != memoryVersion {
			warning = fmt.Sprintf("the memory of the pool cannot be read: version %d, want %d; %v", m.Version, memoryVersion, err)
			break
		}
		t.memory, t.saved = m, data
	}
	t.loaded = true
	if warning != "" {
		warning += "; the pool begins anew with what it learns"
	}
	return warning, nil
}

// memorized is how often a memory is written at most.
const memorized = time.Minute

// remember writes the memory if it has changed, and not more often than every minute unless it is the last time.
func (t *tracked) remember(ctx context.Context, s *site, p *pool.Pool, now time.Time, last bool) error {
	if !t.loaded || t.foreign || !last && now.Sub(t.savedAt) < memorized && !now.Before(t.savedAt) {
		return nil
	}
	t.memory.Version = memoryVersion
	data, err := json.Marshal(t.memory)
	if err != nil {
		return err
	}
	if string(data) == string(t.saved) {
		return nil
	}
	t.savedAt = now // a failure is tried again in a minute, too
	if err := s.client.Remember(ctx, p, data); err != nil {
		return err
	}
	t.saved = data
	return nil
}

// save writes the memories of pools for the last time.
func (f *Fleet) save(ctx context.Context, pools []*tracked) {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	for _, t := range pools {
		s, ref := t.at()
		sight, _ := s.client.Look(ref)
		if sight.Pool == nil || sight.Pool.Deleting {
			continue
		}
		t.mu.Lock()
		if err := t.remember(ctx, s, sight.Pool, f.opts.Now(), true); err != nil {
			f.log.Warn("memory not written", "pool", ref.String(), "err", err)
		}
		t.mu.Unlock()
	}
}

// farewell is how long a fleet that stops may write.
const farewell = 5 * time.Second
