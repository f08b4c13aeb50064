package record

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// What is kept is a line of text, "majordomo samples 1" with the version of the form, then the compressed data, then the SHA-256 of all before it.

// Causes why a file is not read.
var (
	ErrDamaged = errors.New("is damaged")
	ErrNewer   = errors.New("is of a newer majordomo")
)

const (
	program  = "majordomo"
	maxRead  = 64 << 20  // bytes of a file
	maxPlain = 128 << 20 // bytes of its data
)

// seal writes what fill writes, in the form of a file.
func seal(w io.Writer, kind string, version int, fill func(io.Writer) error) error {
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	if _, err := fmt.Fprintf(both, "%s %s %d\n", program, kind, version); err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(both, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := fill(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

// unseal returns what a file of this kind has, in the form of the version.
func unseal(file []byte, kind string, version int) ([]byte, error) {
	line, _, ok := bytes.Cut(file[:min(len(file), 100)], []byte{'\n'})
	words := strings.Fields(string(line))
	if !ok || len(words) != 3 || words[0] != program || words[1] != kind {
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrDamaged, program+" "+kind)
	}
	is, err := strconv.Atoi(words[2])
	switch {
	case err != nil || is < 1:
		return nil, fmt.Errorf("%w: it has no version", ErrDamaged)
	case is > version:
		return nil, fmt.Errorf("%w: its form is %d, and this one reads up to %d", ErrNewer, is, version)
	}
	end := len(file) - sha256.Size
	if end < len(line)+1 {
		return nil, fmt.Errorf("%w: it ends early", ErrDamaged)
	}
	if sum := sha256.Sum256(file[:end]); !bytes.Equal(sum[:], file[end:]) {
		return nil, fmt.Errorf("%w: its checksum is another", ErrDamaged)
	}
	z, err := gzip.NewReader(bytes.NewReader(file[len(line)+1 : end]))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	data, err := io.ReadAll(io.LimitReader(z, maxPlain+1))
	if err == nil && len(data) > maxPlain {
		err = fmt.Errorf("it has more than %d bytes", maxPlain)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return data, nil
}
