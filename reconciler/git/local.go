package git

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	gitconfig "github.com/go-git/go-git/v5/plumbing/format/config"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// local reads a repository on this machine: its files, never a git program.
type local struct {
	address
	ref    plumbing.ReferenceName
	limits Limits
}

func (l *local) close() {}

// head implements remote.
func (l *local) head(ctx context.Context) (plumbing.Hash, error) {
	s, err := l.open(ctx)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	defer s.close()
	return l.resolve(s)
}

// resolve returns the commit that the ref names.
func (l *local) resolve(s *source) (plumbing.Hash, error) {
	ref, err := storer.ResolveReference(s.refs, l.ref)
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return plumbing.ZeroHash, l.noRef(s)
	}
	if err != nil {
		return plumbing.ZeroHash, l.errorf(Corrupt, "run `git fsck` there", "cannot read %s: %w", l.ref, err)
	}
	h := ref.Hash()
	for range 10 { // an annotated tag names a commit, perhaps by way of other tags
		kind, content, err := s.get(h)
		if err != nil {
			return h, l.errorf(Corrupt, "run `git fsck` there", "%s names %s, which cannot be read: %w", l.ref, h, err)
		}
		if kind == plumbing.CommitObject {
			return h, nil
		}
		target, ok := strings.CutPrefix(string(content), "object ")
		if kind != plumbing.TagObject || !ok || len(target) < 40 {
			break
		}
		h = plumbing.NewHash(target[:40])
	}
	return h, l.errorf(Unsupported, "name a branch or a tag of a commit", "%s names no commit", l.ref)
}

// noRef says which branches there are instead.
func (l *local) noRef(s *source) error {
	adv := advert{}
	if it, err := s.refs.IterReferences(); err == nil {
		_ = it.ForEach(func(r *plumbing.Reference) error {
			if r.Type() == plumbing.HashReference { // not HEAD, which names a branch that may not be there
				adv.count(r.Name().String())
			}
			return nil
		})
	}
	return adv.noRef(l.address, l.ref.String())
}

// fetch implements remote.
func (l *local) fetch(ctx context.Context, h plumbing.Hash, have *Commit, w objectWriter) error {
	s, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if _, err := s.size(h); errors.Is(err, plumbing.ErrObjectNotFound) {
		return l.errorf(RefChanged, "ask for the head again; it may have been replaced", "commit %s is not in the repository", h)
	}
	return l.explain(ctx, copyCommit(s, h, w, have, l.limits))
}

// history implements remote.
func (l *local) history(ctx context.Context, tip, old plumbing.Hash, w objectWriter) error {
	s, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	seen := map[plumbing.Hash]bool{old: true}
	for queue := []plumbing.Hash{tip}; len(queue) > 0 && len(seen) < maxHistory; queue = queue[1:] {
		h := queue[0]
		if seen[h] {
			continue
		}
		seen[h] = true
		content, err := typed(s, h, plumbing.CommitObject)
		if ctx.Err() != nil {
			return l.explain(ctx, err)
		}
		if err != nil {
			continue // beyond the edge of a shallow clone
		}
		if _, err := w.put(plumbing.CommitObject, content); err != nil {
			return l.about(err)
		}
		queue = append(queue, parents(content)...)
	}
	return nil
}

// explain says that the time was up, if it was, or what err says.
func (l *local) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return l.about(err)
	}
	return l.errorf(ended(ctx), "try again, or raise limits.timeout", "not read to the end: %w", context.Cause(ctx))
}

// parents returns the parents of a raw commit.
func parents(content []byte) []plumbing.Hash {
	var m plumbing.MemoryObject
	m.SetType(plumbing.CommitObject)
	_, _ = m.Write(content)
	c := &object.Commit{}
	if c.Decode(&m) != nil {
		return nil
	}
	return c.ParentHashes
}

// source is an open repository.
type source struct {
	*filesystem.ObjectStorage
	whole *filesystem.ObjectStorage // the same, not as a stream
	refs  *filesystem.Storage
	ctx   context.Context // of the one call this is open for
	limit Bytes
}

// open finds the repository and makes sure that we can read it. With the threshold of one byte, objects are read
// through a stream, of which we take no more than their declared size. Some deltas come out of the stream wrong, though
// (go-git v5.19.3): those are read again, in one piece.
func (l *local) open(ctx context.Context) (*source, error) {
	dir, err := l.gitDir()
	if err != nil {
		return nil, err
	}
	if err := l.readable(dir); err != nil {
		return nil, err
	}
	stored := func(threshold int64) *filesystem.Storage {
		return filesystem.NewStorageWithOptions(osfs.New(dir, osfs.WithBoundOS()), cache.NewObjectLRU(cache.MiByte),
			filesystem.Options{KeepDescriptors: true, LargeObjectThreshold: threshold})
	}
	streamed := stored(1)
	return &source{ObjectStorage: &streamed.ObjectStorage, whole: &stored(0).ObjectStorage, refs: streamed, ctx: ctx, limit: l.limits.File}, nil
}

// gitDir finds the directory that holds objects and refs: a bare repository, the .git of a work tree, or what the
// .git file of a linked work tree points to.
func (l *local) gitDir() (string, error) {
	for _, dir := range []string{l.path, filepath.Join(l.path, ".git")} {
		if info, err := os.Stat(filepath.Join(dir, "objects")); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	pointer, err := readSmall(filepath.Join(l.path, ".git"))
	dir, ok := strings.CutPrefix(strings.TrimSpace(pointer), "gitdir: ")
	if err == nil && ok {
		dir = absolute(l.path, dir)
		if common, err := readSmall(filepath.Join(dir, "commondir")); err == nil {
			dir = absolute(dir, strings.TrimSpace(common))
		}
		if info, err := os.Stat(filepath.Join(dir, "objects")); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	if _, err := os.Stat(l.path); errors.Is(err, fs.ErrNotExist) {
		return "", l.errorf(NotFound, "check the path", "no such directory")
	} else if err != nil {
		return "", l.errorf(Unreachable, "check its permissions", "cannot read it: %w", err)
	}
	return "", l.errorf(NotFound, "give the directory that holds .git, or a bare repository", "is not a git repository")
}

func absolute(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// readSmall reads a file of a few lines.
func readSmall(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(MiB)))
	return string(b), err
}

// readable refuses repositories whose objects or refs are not all where we look.
func (l *local) readable(dir string) error {
	if text, err := readSmall(filepath.Join(dir, "objects/info/alternates")); err == nil && strings.TrimSpace(text) != "" {
		return l.errorf(Unsupported, "make it complete: git repack -a -d && rm objects/info/alternates",
			"it borrows objects from another repository (objects/info/alternates)")
	}
	text, err := readSmall(filepath.Join(dir, "config"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return l.errorf(Unreachable, "check its permissions", "cannot read its config: %w", err)
	}
	cfg := gitconfig.New()
	if err := gitconfig.NewDecoder(strings.NewReader(text)).Decode(cfg); err != nil {
		return l.errorf(Corrupt, "repair the file", "cannot read its config: %w", err)
	}
	ext := cfg.Section("extensions")
	if f := ext.Option("objectformat"); f != "" && f != "sha1" {
		return l.errorf(Unsupported, "use a repository made with --object-format=sha1", "its objects are named by %s", f)
	}
	if f := ext.Option("refstorage"); f != "" && f != "files" {
		return l.errorf(Unsupported, "convert it: git refs migrate --ref-format=files", "its refs are stored as %s", f)
	}
	return nil
}

// close gives back the open files, which were only read.
func (s *source) close() { _ = errors.Join(s.Close(), s.whole.Close()) }

// size implements objects.
func (s *source) size(h plumbing.Hash) (Bytes, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	n, err := s.EncodedObjectSize(h)
	if err != nil && !errors.Is(err, plumbing.ErrObjectNotFound) {
		err = corrupt("object %s: %w", h, err)
	}
	return Bytes(n), err
}

// get implements objects. What it returns is verified when it is put.
func (s *source) get(h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	if s.ctx.Err() != nil {
		return 0, nil, context.Cause(s.ctx)
	}
	kind, content, err := s.read(s.ObjectStorage, h)
	if errors.Is(err, plumbing.ErrObjectNotFound) || err == nil && plumbing.ComputeHash(kind, content) == h {
		return kind, content, err
	}
	if s.bounded(h) {
		return s.read(s.whole, h)
	}
	return kind, content, err
}

// read returns an object as the storage has it.
func (s *source) read(from *filesystem.ObjectStorage, h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	o, err := from.EncodedObject(plumbing.AnyObject, h)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return 0, nil, plumbing.ErrObjectNotFound
	}
	if err != nil {
		return 0, nil, corrupt("object %s: %w", h, err)
	}
	if Bytes(o.Size()) > s.limit {
		return 0, nil, corrupt("object %s has %s, more than %s (limits.file)", h, Bytes(o.Size()), s.limit)
	}
	r, err := o.Reader()
	if err != nil {
		return 0, nil, corrupt("object %s: %w", h, err)
	}
	defer r.Close()
	content := make([]byte, o.Size())
	if _, err := io.ReadFull(r, content); err != nil {
		return 0, nil, corrupt("object %s: %w", h, err)
	}
	return o.Type(), content, nil
}

// maxChain is how many deltas git builds on each other at most.
const maxChain = 4096

// bounded tells whether an object can be read in one piece: neither it nor any object that it is the difference to is too large for that.
func (s *source) bounded(h plumbing.Hash) bool {
	for range maxChain {
		size, err := s.size(h)
		if err != nil || size > s.limit {
			return false
		}
		o, err := s.DeltaObject(plumbing.AnyObject, h)
		if err != nil {
			return false
		}
		d, is := o.(plumbing.DeltaObject)
		if !is {
			return true
		}
		h = d.BaseHash()
	}
	return false
}
