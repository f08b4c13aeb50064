package access

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"majordomo.dev/reconciler/secret"
)

// Limits of sessions.
const (
	Longest     = 8 * time.Hour // that one lasts
	maxSessions = 1000
	maxOwn      = 20 // of one person: the oldest ends when they begin another
)

// ErrFull means that there are as many sessions as there may be.
var ErrFull = errors.New("too many people are logged in; try again later")

// Session is one login of a person, in one browser.
type Session struct {
	Person Person
	Token  secret.String // that they have logged in with, asked about again and again; none where another has vouched for them
	Began  time.Time
	Ends   time.Time
}

// Sessions are all logins. They are in memory only, by a sum of their names, so that nobody who reads them can use one.
type Sessions struct {
	mu   sync.Mutex
	byID map[[sha256.Size]byte]Session
}

// Begin adds a session under a name that nobody can guess. It ends by itself after Longest.
func (s *Sessions) Begin(id string, p Person, token secret.String, now time.Time) (Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[[sha256.Size]byte]Session{}
	}
	var oldest [sha256.Size]byte
	own := 0
	for key, one := range s.byID {
		switch {
		case !now.Before(one.Ends):
			delete(s.byID, key)
		case one.Person.Name == p.Name:
			if own++; own == 1 || one.Began.Before(s.byID[oldest].Began) {
				oldest = key
			}
		}
	}
	if own >= maxOwn {
		delete(s.byID, oldest)
	}
	if len(s.byID) >= maxSessions {
		return Session{}, ErrFull
	}
	begun := Session{Person: p, Token: token, Began: now, Ends: now.Add(Longest)}
	s.byID[sha256.Sum256([]byte(id))] = begun
	return begun, nil
}

// Find returns a session that has not ended.
func (s *Sessions) Find(id string, now time.Time) (Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.byID[sha256.Sum256([]byte(id))]
	return one, ok && now.Before(one.Ends)
}

// End ends a session.
func (s *Sessions) End(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(id)))
}

// Len is how many there are.
func (s *Sessions) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.byID)
}
