package notify

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"majordomo.dev/reconciler/notice"
)

// StateFile is the name of the file that says what was said.
const StateFile = "notifications.json"

const (
	storeVersion = 1
	mostSaid     = 2000    // subjects of one sink
	mostStored   = 8 << 20 // bytes of the file
)

// store keeps what each sink was told over a restart. It is not precious: without it, what is bad is told once more.
type store struct {
	file string // "" for none
	log  *slog.Logger

	mu    sync.Mutex
	sinks map[string]map[string]notice.Said // by sink, by subject
	fault string                            // of the last write, as it was logged
}

type storeFile struct {
	Version int                               `json:"version"`
	Sinks   map[string]map[string]notice.Said `json:"sinks"`
}

func newStore(dir string, log *slog.Logger) *store {
	s := &store{log: log, sinks: map[string]map[string]notice.Said{}}
	if dir != "" {
		s.file = filepath.Join(dir, StateFile)
	}
	return s
}

// load reads what was said by the processes before.
func (s *store) load() {
	if s.file == "" {
		return
	}
	f, err := read(s.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("what was notified is not known", "err", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Sinks != nil {
		s.sinks = f.Sinks
	}
}

func read(file string) (storeFile, error) {
	info, err := os.Stat(file)
	if err != nil {
		return storeFile{}, err
	}
	if info.Size() > mostStored {
		return storeFile{}, fmt.Errorf("%s: is larger than %d bytes", file, mostStored)
	}
	data, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return storeFile{}, err
	}
	var f storeFile
	if err := json.Unmarshal(data, &f); err != nil {
		return storeFile{}, fmt.Errorf("%s: %w", file, err)
	}
	if f.Version != storeVersion {
		return storeFile{}, fmt.Errorf("%s: has version %d, want %d", file, f.Version, storeVersion)
	}
	return f, nil
}

// said returns what a sink was told.
func (s *store) said(name string) map[string]notice.Said {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.sinks[name])
}

// keep remembers what a sink was told. The zero value is forgotten.
func (s *store) keep(name string, said map[string]notice.Said) {
	if len(said) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.sinks[name]
	if all == nil {
		all = map[string]notice.Said{}
		s.sinks[name] = all
	}
	for key, v := range said {
		if !v.Bad && v.Cause == "" {
			delete(all, key)
			continue
		}
		all[key] = v
	}
	bound(all)
	s.save()
}

// bound lets the oldest go where there are too many.
func bound(all map[string]notice.Said) {
	if len(all) <= mostSaid {
		return
	}
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(all[a].At.Compare(all[b].At), cmp.Compare(a, b))
	})
	for _, key := range keys[:len(all)-mostSaid] {
		delete(all, key)
	}
}

// only forgets the sinks that are no longer of the fleet.
func (s *store) only(names map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.sinks)
	maps.DeleteFunc(s.sinks, func(name string, _ map[string]notice.Said) bool { return !names[name] })
	if len(s.sinks) != before {
		s.save()
	}
}

// save writes the file, all or nothing. The caller holds the lock.
func (s *store) save() {
	if s.file == "" {
		return
	}
	err := replace(s.file, storeFile{Version: storeVersion, Sinks: s.sinks})
	fault := ""
	if err != nil {
		fault = err.Error()
	}
	if fault != s.fault && err != nil {
		s.log.Warn("what was notified is not kept, a restart may repeat it", "err", err)
	}
	s.fault = fault
}

func replace(file string, f storeFile) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	next := file + ".new"
	out, err := os.OpenFile(filepath.Clean(next), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(next, file)
}
