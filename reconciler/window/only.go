package window

import "slices"

// Only returns the part of a state that is in environments that may be seen.
func Only(s State, seen func(environment string) bool) State {
	all := len(s.Environments)
	s.Environments = slices.DeleteFunc(slices.Clone(s.Environments), func(e Environment) bool { return !seen(e.Name) })
	s.Pools = slices.DeleteFunc(slices.Clone(s.Pools), func(p Pool) bool { return !seen(p.Environment) })
	s.Masters = slices.DeleteFunc(slices.Clone(s.Masters), func(m Master) bool { return !seen(m.Environment) })
	if all > 0 && len(s.Environments) == 0 {
		s.Source = Source{} // its commits tell of environments, too
	}
	return s
}
