package jenkinstest

// memo keeps what is asked for again and again while one answer is written, during which nothing changes.
type memo struct {
	members  []*node
	nodes    map[string][]*node  // by label
	refusals map[string][]string // by label
}

func newMemo(w *world) *memo {
	return &memo{members: w.members(), nodes: map[string][]*node{}, refusals: map[string][]string{}}
}
