package git

import (
	"io/fs"
	"path"
	"strings"
)

// maxHops is how many symbolic links one path may pass, as on Linux.
const maxHops = 40

// maxSteps bounds the work for one path when links multiply its length.
const maxSteps = 1000

// resolve finds what a path names, following symbolic links inside the tree; the last one only if asked. With an
// error it returns the node that caused it, or nil when there is none.
func (t *tree) resolve(name string, follow bool) (*node, error) {
	if n := t.nodes[name]; n != nil && (!follow || n.mode&fs.ModeSymlink == 0) {
		return n, refusedBy(n)
	}
	if !fs.ValidPath(name) {
		return nil, problem(NotFound, name, "", "is not a path inside the repository")
	}
	w := walk{tree: t, name: name, at: ".", rest: strings.Split(name, "/"), follow: follow}
	for steps := 0; len(w.rest) > 0; steps++ {
		if steps > maxSteps {
			return nil, w.loop()
		}
		if n, err := w.step(); err != nil {
			return n, err
		}
	}
	n := t.nodes[w.at]
	return n, refusedBy(n)
}

func refusedBy(n *node) error {
	if n.refused != nil {
		return n.refused
	}
	return nil
}

// walk is one path on its way through the tree.
type walk struct {
	*tree
	name   string   // as asked for
	at     string   // how far we are; never a link
	rest   []string // what is left to go
	link   string   // the last link passed
	hops   int
	follow bool
}

// step goes one name further.
func (w *walk) step() (*node, error) {
	part := w.rest[0]
	w.rest = w.rest[1:]
	switch part {
	case "", ".":
		return nil, nil
	case "..":
		if w.at == "." {
			return w.nodes[w.link], w.escape()
		}
		w.at = path.Dir(w.at)
		return nil, nil
	}
	n := w.nodes[path.Join(w.at, part)]
	if n == nil {
		return nil, w.absent(part)
	}
	if n.mode&fs.ModeSymlink != 0 && (w.follow || len(w.rest) > 0) {
		return n, w.enter(n)
	}
	if len(w.rest) > 0 && !n.mode.IsDir() {
		if n.refused != nil {
			return n, n.refused
		}
		return nil, problem(NotFound, w.name, "", "does not exist: %q is not a directory", n.path)
	}
	w.at = n.path
	return nil, nil
}

// enter replaces a link by where it points to.
func (w *walk) enter(n *node) error {
	if w.link = n.path; strings.HasPrefix(n.target, "/") {
		return w.escape()
	}
	if w.hops++; w.hops > maxHops {
		return w.loop()
	}
	w.rest = append(strings.Split(n.target, "/"), w.rest...)
	return nil
}

func (w *walk) escape() *Error {
	return problem(SymlinkEscape, w.link, "point it to a file in the repository, by a relative path",
		"is a symbolic link that leaves the repository: it points to %q", oneLine(w.nodes[w.link].target, 200))
}

func (w *walk) loop() *Error {
	return problem(SymlinkLoop, w.name, "remove one of the links", "passes more than %d symbolic links", maxHops)
}

func (w *walk) absent(part string) *Error {
	if w.link == "" {
		return problem(NotFound, w.name, "", "does not exist in this commit")
	}
	return problem(NotFound, w.name, "", "does not exist in this commit: link %q leads to %q",
		w.link, path.Join(w.at, part, path.Join(w.rest...)))
}
