package git

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// tree is the whole tree of a commit, every path at hand.
type tree struct {
	nodes map[string]*node // by path; "." is the root
	files int
}

// node is a file, directory, symbolic link or submodule.
type node struct {
	path     string
	mode     fs.FileMode
	size     Bytes
	hash     plumbing.Hash
	target   string  // of a symbolic link
	children []*node // of a directory, by name
	refused  *Error  // why it cannot be read
	hidden   *Error  // why a directory cannot be listed: an entry that has no place in a file system
}

func (n *node) name() string { return n.path[strings.LastIndexByte(n.path, '/')+1:] }

// flattener walks a tree object by object.
type flattener struct {
	tree
	from   objects
	limits Limits
	seen   int
}

// flatten reads the tree below root and checks every name, mode, size and limit.
func flatten(s objects, root plumbing.Hash, l Limits) (*tree, error) {
	f := &flattener{tree: tree{nodes: map[string]*node{}}, from: s, limits: l}
	n := &node{path: ".", mode: fs.ModeDir | 0o555, hash: root}
	f.nodes["."] = n
	if err := f.dir(n, "", 0); err != nil {
		return nil, err
	}
	return &f.tree, nil
}

// dir reads the entries of one directory.
func (f *flattener) dir(d *node, prefix string, depth int) error {
	if depth > f.limits.TreeDepth {
		return problem(BadPath, d.path, "flatten the directories or raise the limit",
			"is more than %d directories deep (limits.treeDepth)", f.limits.TreeDepth)
	}
	content, err := typed(f.from, d.hash, plumbing.TreeObject)
	if err != nil {
		return err
	}
	for len(content) > 0 {
		var e entry
		if e, content, err = nextEntry(content); err != nil {
			return corrupt("tree %s of %q: %w", d.hash, d.path, err)
		}
		if err := f.add(d, e, prefix+e.name, depth); err != nil {
			return err
		}
	}
	slices.SortFunc(d.children, func(a, b *node) int { return strings.Compare(a.path, b.path) })
	return nil
}

// add checks one entry and hangs it into the tree.
func (f *flattener) add(d *node, e entry, path string, depth int) error {
	if f.seen++; f.seen > f.limits.Files {
		return &Error{
			Reason: TooManyFiles, What: fmt.Sprintf("the commit holds more than %d files and directories (limits.files)", f.limits.Files),
			Hint: "use a smaller repository or raise the limit",
		}
	}
	if why := badName(e.name); why != "" {
		return problem(BadPath, path, "remove it from the repository", "%s", why)
	}
	if len(path) > f.limits.PathLength {
		return problem(BadPath, oneLine(path, 80), "shorten it or raise the limit",
			"is longer than %d bytes (limits.pathLength)", f.limits.PathLength)
	}
	if _, twice := f.nodes[path]; twice {
		return problem(BadPath, path, "repair the repository: `git fsck` names the tree", "is in its directory twice")
	}
	n := &node{path: path, hash: e.hash}
	if !utf8.ValidString(e.name) {
		d.hidden = problem(BadPath, path, "rename it", "has a name that is not UTF-8")
		return nil
	}
	f.nodes[path] = n
	d.children = append(d.children, n)
	return f.fill(d, n, e.mode, depth)
}

// fill reads what the entry stands for.
func (f *flattener) fill(d, n *node, mode filemode.FileMode, depth int) error {
	switch mode {
	case filemode.Dir:
		n.mode = fs.ModeDir | 0o555
		return f.dir(n, n.path+"/", depth+1)
	case filemode.Submodule:
		n.mode = fs.ModeIrregular
		n.refused = problem(Submodule, n.path, "copy the files into this repository, or remove the submodule",
			"is a submodule, which is not followed: it would fetch from an address that the commit chooses")
		d.hidden = n.refused
		return nil
	case filemode.Symlink:
		n.mode = fs.ModeSymlink | 0o777
		return f.link(n)
	case filemode.Regular, filemode.Deprecated, filemode.Executable:
		n.mode = 0o444
		if mode == filemode.Executable {
			n.mode = 0o555
		}
		return f.file(n)
	}
	return problem(BadPath, n.path, "repair the repository: `git fsck` names the tree", "has the unknown mode %o", uint32(mode))
}

func (f *flattener) file(n *node) error {
	f.files++
	size, err := f.from.size(n.hash)
	n.size = size
	if errors.Is(err, errLeftOut) || err == nil && size > f.limits.File {
		n.refused = problem(FileTooLarge, n.path, "keep it out of what is rendered, or raise the limit",
			"is larger than %s (limits.file)", f.limits.File)
		return nil
	}
	return missing(n, err)
}

func (f *flattener) link(n *node) error {
	f.files++
	size, err := f.from.size(n.hash)
	if errors.Is(err, errLeftOut) || err == nil && size > Bytes(f.limits.PathLength) {
		return problem(BadPath, n.path, "remove it", "is a symbolic link to a path of %s", size)
	}
	if err != nil {
		return missing(n, err)
	}
	target, err := typed(f.from, n.hash, plumbing.BlobObject)
	n.target, n.size = string(target), size
	return err
}

func missing(n *node, err error) error {
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return corrupt("file %s of %q is missing", n.hash, n.path)
	}
	return err
}

// entry is one line of a tree object.
type entry struct {
	mode filemode.FileMode
	name string
	hash plumbing.Hash
}

// nextEntry reads "mode SP name NUL hash" and returns the rest.
func nextEntry(b []byte) (entry, []byte, error) {
	mode, b, ok := bytes.Cut(b, []byte(" "))
	if !ok {
		return entry{}, nil, errors.New("an entry without mode")
	}
	m, err := filemode.New(string(mode))
	if err != nil || len(mode) > 7 {
		return entry{}, nil, errors.New("an entry with a bad mode")
	}
	name, b, ok := bytes.Cut(b, []byte{0})
	if !ok || len(b) < len(plumbing.ZeroHash) {
		return entry{}, nil, errors.New("an entry cut off")
	}
	e := entry{mode: m, name: string(name), hash: plumbing.Hash(b[:len(plumbing.ZeroHash)])}
	return e, b[len(plumbing.ZeroHash):], nil
}

// badName says what is wrong with a name that no honest repository holds: it aims at other programs' checkouts.
func badName(name string) string {
	switch name {
	case "":
		return "is an entry without name"
	case ".", "..":
		return "is not a name but a way out of the directory"
	}
	if strings.Contains(name, "/") {
		return "is one name with a slash in it"
	}
	// As file systems fold names: letter case, trailing dots and spaces, NTFS streams and short names, HFS ignorables.
	bare, _, _ := strings.Cut(invisible(name), ":")
	bare = strings.TrimRight(bare, " .")
	if strings.EqualFold(bare, ".git") || strings.EqualFold(bare, "git~1") {
		return "would overwrite the .git directory of a checkout"
	}
	return ""
}

func invisible(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x200c && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x206a && r <= 0x206f || r == 0xfeff {
			return -1
		}
		return r
	}, name)
}
