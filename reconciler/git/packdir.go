package git

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // the format of packs
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
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

// createPack starts a repository in dir.
func createPack(d *disk, dir string) (*pack, error) {
	p := &pack{leftOut: leftOut{}, disk: d, dir: dir, where: map[plumbing.Hash]int64{}, limit: d.limits.Unpacked}
	err := d.do("create", func() (err error) {
		if err = os.MkdirAll(filepath.Join(dir, packDir), 0o700); err != nil {
			return err
		}
		p.file, err = os.OpenFile(filepath.Join(dir, packDir, "new"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewWriterSize(diskWriter{d, p.file}, int(64*KiB))
	p.index = &idxfile.Writer{}
	p.end = packHeader
	_, err = p.out.Write(make([]byte, packHeader)) // filled in when the number of objects is known
	return p, err
}

// diskWriter writes where tests can interfere.
type diskWriter struct {
	d *disk
	f *os.File
}

// Write implements io.Writer.
func (w diskWriter) Write(p []byte) (n int, err error) {
	err = w.d.do("write", func() error {
		n, err = w.f.Write(p)
		return err
	})
	return n, err
}

// abandon closes the file; its directory goes away.
func (p *pack) abandon() { _ = p.file.Close() }

// put implements objectWriter.
func (p *pack) put(t plumbing.ObjectType, content []byte) (plumbing.Hash, error) {
	h := plumbing.ComputeHash(t, content)
	if _, ok := p.where[h]; ok {
		return h, nil
	}
	if p.total += Bytes(len(content)); p.total > p.limit {
		return h, tooMuch(p.limit)
	}
	crc := crc32.NewIEEE()
	n := &counter{w: io.MultiWriter(p.out, crc)}
	if _, err := n.Write(entryHeader(t, len(content))); err != nil {
		return h, err
	}
	z := gitsync.GetZlibWriter(n)
	defer gitsync.PutZlibWriter(z)
	if _, err := z.Write(content); err != nil {
		return h, err
	}
	if err := z.Close(); err != nil {
		return h, err
	}
	p.index.Add(h, uint64(p.end), crc.Sum32())
	p.where[h] = p.end
	p.end += n.n
	return h, nil
}

// counter counts what it passes on.
type counter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// entryHeader is the type and size in front of an object in a pack.
func entryHeader(t plumbing.ObjectType, size int) []byte {
	b := []byte{byte(t)<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		b[len(b)-1] |= 0x80
		b = append(b, byte(size&0x7f))
	}
	return b
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
			return 0, 0, 0, err
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

// finish completes the pack and everything else that makes the directory a repository.
func (p *pack) finish(commit plumbing.Hash) error {
	err := p.out.Flush()
	if err != nil {
		return err
	}
	p.out = nil
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), uint32(len(p.where)))
	sum, err := p.seal(head)
	if err != nil {
		return err
	}
	if err := p.writeIndex(sum); err != nil {
		return err
	}
	if err := p.disk.do("rename", func() error {
		return os.Rename(p.file.Name(), filepath.Join(p.dir, packDir, "pack-"+sum.String()+".pack"))
	}); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(p.dir, "refs/heads"), 0o700); err != nil {
		return err
	}
	var left bytes.Buffer
	for h, size := range p.leftOut {
		fmt.Fprintf(&left, "%s %d\n", h, size)
	}
	for name, content := range map[string]string{
		"HEAD": commit.String() + "\n", "shallow": commit.String() + "\n", largeFile: left.String(),
		"config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
	} {
		if err := p.disk.write(filepath.Join(p.dir, name), []byte(content)); err != nil {
			return err
		}
	}
	return nil
}

// seal writes the header and the check sum over everything, and brings the pack to the medium.
func (p *pack) seal(head []byte) (plumbing.Hash, error) {
	var sum plumbing.Hash
	if err := p.disk.do("write", func() error { _, err := p.file.WriteAt(head, 0); return err }); err != nil {
		return sum, err
	}
	digest := sha1.New() //nolint:gosec // the format of packs
	if _, err := io.Copy(digest, io.NewSectionReader(p.file, 0, p.end)); err != nil {
		return sum, err
	}
	sum = plumbing.Hash(digest.Sum(nil))
	if err := p.disk.do("write", func() error { _, err := p.file.WriteAt(sum[:], p.end); return err }); err != nil {
		return sum, err
	}
	return sum, p.disk.do("sync", p.file.Sync)
}

func (p *pack) writeIndex(sum plumbing.Hash) error {
	if err := p.index.OnFooter(sum); err != nil {
		return err
	}
	idx, err := p.index.Index()
	if err != nil {
		return err
	}
	p.index = nil
	var b bytes.Buffer
	if _, err := idxfile.NewEncoder(&b).Encode(idx); err != nil {
		return err
	}
	return p.disk.write(filepath.Join(p.dir, packDir, "pack-"+sum.String()+".idx"), b.Bytes())
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
	digest := sha1.New() //nolint:gosec // the format of packs
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
