package loop

import "majordomo.dev/reconciler/config"

// Fleet returns the environments as the commit in force names them. Nobody changes what it returns.
func (l *Loop) Fleet() config.Fleet {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fleet
}
