package git

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	gitsync "github.com/go-git/go-git/v5/utils/sync"
)

const (
	packDir    = "objects/pack"
	packHeader = 12
	largeFile  = "left-out"
)

// pack is a bare repository of one commit: its objects lie whole, one after another, in one pack, so that many can
// read at once, each with one read of the file.
type pack struct {
	leftOut
	disk    *disk
	dir     string
	file    *os.File // closed by the garbage collector, when nobody reads from it any more
	where   map[plumbing.Hash]int64
	damaged atomic.Bool

	out   *bufio.Writer // nil when finished
	end   int64
	index *idxfile.Writer
	total Bytes
	limit Bytes
}

// size implements objects.
func (p *pack) size(h plumbing.Hash) (Bytes, error) {
	off, ok := p.where[h]
	if !ok {
		return p.missing(h)
	}
	_, size, _, err := p.header(off)
	return Bytes(size), err
}

// header reads what stands in front of an object.
func (p *pack) header(off int64) (t plumbing.ObjectType, size, length int64, err error) {
	if p.out != nil {
		if err := p.out.Flush(); err != nil {
			return 0, 0, 0, storageError(p.disk.dir, err)
		}
	}
	var b [10]byte
	n, err := p.file.ReadAt(b[:], off)
	if n == 0 {
		return 0, 0, 0, p.damage(corrupt("the stored pack ends too early: %w", err))
	}
	t, size = plumbing.ObjectType(b[0]>>4&7), int64(b[0]&15)
	for i, shift := 1, 4; ; i, shift = i+1, shift+7 {
		if b[i-1]&0x80 == 0 {
			return t, size, int64(i), nil
		}
		if i == n || i == len(b)-1 {
			return 0, 0, 0, p.damage(corrupt("the stored pack has a damaged entry at %d", off))
		}
		size |= int64(b[i]&0x7f) << shift
	}
}

// get implements objects.
func (p *pack) get(h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	off, ok := p.where[h]
	if !ok {
		return 0, nil, plumbing.ErrObjectNotFound
	}
	t, size, n, err := p.header(off)
	if err != nil {
		return 0, nil, err
	}
	content, err := p.inflate(off+n, size)
	if err == nil && plumbing.ComputeHash(t, content) != h {
		err = errors.New("the content has another hash")
	}
	if err != nil {
		return 0, nil, p.damage(corrupt("the stored object %s is damaged: %w", h, err))
	}
	return t, content, nil
}

// inflate reads exactly size bytes from the compressed stream at off.
func (p *pack) inflate(off, size int64) ([]byte, error) {
	if size < 0 || Bytes(size) > p.limit {
		return nil, fmt.Errorf("it claims %d bytes", size)
	}
	z, err := gitsync.GetZlibReader(bufio.NewReader(io.NewSectionReader(p.file, off, 1<<62)))
	if err != nil {
		return nil, err
	}
	defer gitsync.PutZlibReader(z)
	content := make([]byte, size)
	_, err = io.ReadFull(z.Reader, content)
	return content, err
}

// damage makes the Mirror fetch this commit again when it is next asked for.
func (p *pack) damage(err error) error {
	p.damaged.Store(true)
	return err
}

// openPack opens a repository that an earlier process finished, and checks its sums.
func openPack(dir string) (*pack, error) {
	names, _ := filepath.Glob(filepath.Join(dir, packDir, "pack-*.pack"))
	if len(names) != 1 {
		return nil, corrupt("%s holds %d packs, want one", dir, len(names))
	}
	f, err := os.Open(names[0])
	if err != nil {
		return nil, err
	}
	p := &pack{leftOut: leftOut{}, dir: dir, file: f, where: map[plumbing.Hash]int64{}, limit: 1 << 40}
	if err := p.load(strings.TrimSuffix(names[0], ".pack") + ".idx"); err != nil {
		p.abandon()
		return nil, err
	}
	return p, nil
}

// load checks the pack against its sum, and reads where the objects are.
func (p *pack) load(index string) error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	digest := sha1.New()
	var want plumbing.Hash
	end := info.Size() - int64(len(want))
	if _, err := io.Copy(digest, io.NewSectionReader(p.file, 0, end)); err != nil {
		return err
	}
	if _, err := p.file.ReadAt(want[:], max(end, 0)); err != nil || plumbing.Hash(digest.Sum(nil)) != want {
		return corrupt("the stored pack is damaged")
	}
	b, err := os.ReadFile(index)
	if err != nil {
		return err
	}
	idx := idxfile.NewMemoryIndex()
	if err := idxfile.NewDecoder(bytes.NewReader(b)).Decode(idx); err != nil {
		return err
	}
	entries, err := idx.Entries()
	if err != nil {
		return err
	}
	for {
		e, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return p.loadLeftOut()
		}
		if err != nil {
			return err
		}
		p.where[e.Hash] = int64(e.Offset)
	}
}

func (p *pack) loadLeftOut() error {
	b, err := os.ReadFile(filepath.Join(p.dir, largeFile))
	for line := range strings.Lines(string(b)) {
		hash, size, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, _ := strconv.ParseInt(size, 10, 64)
		p.leaveOut(plumbing.NewHash(hash), Bytes(n))
	}
	return err
}
