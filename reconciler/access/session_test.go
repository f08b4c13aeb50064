package access_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestASessionEndsByItselfAndByHand(t *testing.T) {
	var s access.Sessions
	begun, err := s.Begin("a", access.Person{Name: "ann"}, secret.New("token"), noon)
	if err != nil || begun.Ends != noon.Add(8*time.Hour) {
		t.Fatalf("Begin: %+v, %v", begun, err)
	}
	if got, ok := s.Find("a", noon.Add(8*time.Hour-time.Second)); !ok || got.Person.Name != "ann" || got.Token.Reveal() != "token" {
		t.Errorf("before its end: %+v, %t", got, ok)
	}
	if _, ok := s.Find("a", noon.Add(8*time.Hour)); ok {
		t.Error("found at its end")
	}
	if _, ok := s.Find("b", noon); ok {
		t.Error("found under another name")
	}
	s.End("a")
	if _, ok := s.Find("a", noon); ok {
		t.Error("found after it was ended")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	var s access.Sessions
	for i := range 30 {
		if _, err := s.Begin(fmt.Sprint("ann ", i), access.Person{Name: "ann"}, secret.String{}, noon.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := s.Find("ann 9", noon); ok || s.Len() != 20 {
		t.Errorf("one person has %d sessions, the tenth among them: %t; want the newest 20", s.Len(), ok)
	}
	if _, ok := s.Find("ann 29", noon); !ok {
		t.Error("the newest of a person has ended")
	}
	full := error(nil)
	for i := range 1000 {
		if _, err := s.Begin(fmt.Sprint(i), access.Person{Name: fmt.Sprint(i)}, secret.String{}, noon.Add(time.Minute)); err != nil {
			full = err
		}
	}
	if !errors.Is(full, access.ErrFull) || s.Len() != 1000 {
		t.Errorf("1,020 sessions: %v, and there are %d", full, s.Len())
	}
	if _, err := s.Begin("later", access.Person{Name: "x"}, secret.String{}, noon.Add(9*time.Hour)); err != nil || s.Len() != 1 {
		t.Errorf("when all others have ended: %v, and there are %d", err, s.Len())
	}
}
