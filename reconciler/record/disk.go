package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Suffixes of what lies beside a file.
const (
	tempSuffix  = ".tmp"
	asideSuffix = ".aside"
)

// disk is a directory of small files, each of which is replaced as a whole: whoever reads one finds what was written before, or what is
// written now.
type disk struct {
	dir  string
	step func(op string) error // tests make a change of the disk fail here; nil otherwise
}

// do makes one change of the disk.
func (d *disk) do(op string, change func() error) error {
	if d.step != nil {
		if err := d.step(op); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	return change()
}

// replace writes a file. Where it fails, the file is as it was.
func (d *disk) replace(name string, fill func(io.Writer) error) error {
	if err := d.do("mkdir", func() error { return os.MkdirAll(d.dir, 0o700) }); err != nil {
		return err
	}
	path := filepath.Join(d.dir, name)
	err := d.write(path+tempSuffix, fill)
	if err == nil {
		err = d.do("rename", func() error { return os.Rename(path+tempSuffix, path) })
	}
	if err != nil {
		return errors.Join(err, ignore(os.Remove(path+tempSuffix), fs.ErrNotExist))
	}
	return d.do("sync", d.sync)
}

func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

// write writes a file that nobody reads yet, and brings it to the medium. What was left there by a process that was killed goes.
func (d *disk) write(path string, fill func(io.Writer) error) (err error) {
	var f *os.File
	err = d.do("create", func() (err error) {
		if err := ignore(os.Remove(path), fs.ErrNotExist); err != nil {
			return err
		}
		f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(stepped{d, f}, 64<<10)
	if err := fill(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return d.do("fsync", f.Sync)
}

// stepped counts each write as a change of the disk.
type stepped struct {
	d *disk
	w io.Writer
}

func (s stepped) Write(b []byte) (n int, err error) {
	err = s.d.do("write", func() (err error) {
		n, err = s.w.Write(b)
		return err
	})
	return n, err
}

// sync brings the names of the directory to the medium.
func (d *disk) sync() error {
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// read returns a file, nil where there is none.
func (d *disk) read(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(d.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxRead+1))
	if err == nil && len(b) > maxRead {
		err = fmt.Errorf("%w: it has more than %d bytes", ErrDamaged, maxRead)
	}
	return b, errors.Join(err, f.Close())
}

// aside moves a file out of the way, and returns its new name.
func (d *disk) aside(name string) (string, error) {
	to := filepath.Join(d.dir, name+asideSuffix)
	return to, d.do("aside", func() error { return os.Rename(filepath.Join(d.dir, name), to) })
}
