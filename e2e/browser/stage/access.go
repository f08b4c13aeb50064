package stage

import (
	"context"
	"fmt"
	"slices"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/web"
)

// The tokens that the stage knows: of somebody who may do everything, and of somebody who may look.
const (
	Admin  = "token-of-ada-canary-4c1d"
	Reader = "token-of-rory-canary-9f27"
)

var people = map[string]access.Person{
	Admin:  {Name: "ada@example.com", UID: "1", Groups: []string{"admins"}},
	Reader: {Name: "rory@example.com", UID: "2", Groups: []string{"readers"}},
}

// access is who may see and do what on the stage.
func (s *Stage) access() *web.Access {
	return &web.Access{
		Local: !s.Closed,
		Token: func(_ context.Context, token secret.String) (access.Person, error) {
			who, ok := people[token.Reveal()]
			if !ok {
				return access.Person{}, access.ErrLogin
			}
			return who, nil
		},
		May: func(_ context.Context, who access.Person, right access.Right) (bool, error) {
			return right.Verb == "get" || slices.Contains(who.Groups, "admins"), nil
		},
		Known: s.known,
	}
}

// known lists what there is to see and do something with.
func (s *Stage) known() []access.Subject {
	var out []access.Subject
	state := s.State()
	for _, e := range state.Environments {
		out = append(out, access.Subject{Environment: e.Name})
	}
	for _, p := range state.Pools {
		out = append(out, access.Subject{Environment: p.Environment, Namespace: p.Namespace, Pool: p.Name})
	}
	return out
}

// act notes what somebody wants to be done, and says that it was.
func (s *Stage) act(_ context.Context, a access.Action) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts = append(s.acts, a)
	return fmt.Sprintf("%s of %s is noted", a.Do, a.On.Key()), nil
}

// Acts returns what people have done so far.
func (s *Stage) Acts() []access.Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.acts)
}
