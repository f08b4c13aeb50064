package git

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	gitsync "github.com/go-git/go-git/v5/utils/sync"
)

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
	if err := p.write(n, t, content); err != nil {
		return h, storageError(p.disk.dir, err)
	}
	p.index.Add(h, uint64(p.end), crc.Sum32())
	p.where[h] = p.end
	p.end += n.n
	return h, nil
}

// write writes one object as it lies in a pack.
func (p *pack) write(w io.Writer, t plumbing.ObjectType, content []byte) error {
	if _, err := w.Write(entryHeader(t, len(content))); err != nil {
		return err
	}
	z := gitsync.GetZlibWriter(w)
	defer gitsync.PutZlibWriter(z)
	if _, err := z.Write(content); err != nil {
		return err
	}
	return z.Close()
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
	digest := sha1.New()
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
