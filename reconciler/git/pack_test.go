package git

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"majordomo.dev/reconciler/git/gittest"
)

// packWriter makes packs that git would not.
type packWriter struct {
	b bytes.Buffer
	n uint32
}

func (w *packWriter) bytes(count uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), count)
	all := append(head, w.b.Bytes()...)
	sum := sha1.Sum(all)
	return append(all, sum[:]...)
}

// entry adds an object; size is what it claims to be.
func (w *packWriter) entry(kind, size int, base, content []byte) int {
	at := packHeader + w.b.Len()
	w.n++
	w.b.Write(entryHeader(plumbing.ObjectType(kind), size))
	w.b.Write(base)
	z := zlib.NewWriter(&w.b)
	_, _ = z.Write(content)
	_ = z.Close()
	return at
}

func (w *packWriter) object(t plumbing.ObjectType, content []byte) plumbing.Hash {
	w.entry(int(t), len(content), nil, content)
	return plumbing.ComputeHash(t, content)
}

// huge adds a file of zeros.
func (w *packWriter) huge(size Bytes) {
	w.n++
	w.b.Write(entryHeader(plumbing.BlobObject, int(size)))
	z := zlib.NewWriter(&w.b)
	zeros := make([]byte, MiB)
	for range size / MiB {
		_, _ = z.Write(zeros)
	}
	_ = z.Close()
}

// ofs is the distance to the base of a delta.
func ofs(n int) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		out = append([]byte{0x80 | byte(n&0x7f)}, out...)
	}
	return out
}

// deltaOf is a delta: the two sizes, then instructions.
func deltaOf(source, target uint64, instructions ...byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, source), target), instructions...)
}

// whole adds a commit of one file and returns its hash.
func (w *packWriter) whole(file []byte) plumbing.Hash {
	blob := w.object(plumbing.BlobObject, file)
	return w.commitOf(blob)
}

func (w *packWriter) commitOf(blob plumbing.Hash) plumbing.Hash {
	tree := w.object(plumbing.TreeObject, append([]byte("100644 f\x00"), blob[:]...))
	const who = "Ada <a@b> 1700000000 +0000"
	return w.object(plumbing.CommitObject, fmt.Appendf(nil, "tree %s\nauthor %s\ncommitter %s\n\nx\n", tree, who, who))
}

// servePack serves a repository that answers every request for a pack with that one.
func servePack(t *testing.T, fill func(*packWriter)) *gittest.HTTP {
	t.Helper()
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{})
	var p packWriter
	fill(&p)
	body := sideband(p.bytes(p.n))
	web.Fault(answering(func(w io.Writer) { _, _ = w.Write(body) }))
	return web
}

// sideband wraps a pack for the wire.
func sideband(pack []byte) []byte {
	var b bytes.Buffer
	for len(pack) > 0 {
		n := min(len(pack), 60_000)
		fmt.Fprintf(&b, "%04x\x01", n+5)
		b.Write(pack[:n])
		pack = pack[n:]
	}
	b.WriteString("0000")
	return b.Bytes()
}

var small = Limits{Pack: MiB, Unpacked: MiB, File: 64 * KiB, Files: 100, PathLength: 4096, TreeDepth: 64}

func TestCraftedPacks(t *testing.T) {
	blob, file := int(plumbing.BlobObject), []byte("content")
	far := plumbing.NewHash(strings.Repeat("ab", 20))
	for _, tt := range []struct {
		name   string
		fill   func(w *packWriter) []byte
		reason Reason
	}{
		{"as git makes it", func(w *packWriter) []byte { w.whole(file); return nil }, ""},
		{"huge declared size", func(w *packWriter) []byte { w.entry(blob, 1<<50, nil, file); return nil }, PackTooLarge},
		{"more than declared", func(w *packWriter) []byte { w.entry(blob, 3, nil, file); return nil }, Corrupt},
		{"less than declared", func(w *packWriter) []byte { w.entry(blob, 9, nil, file); return nil }, Corrupt},
		{"zlib bomb", func(w *packWriter) []byte { w.entry(blob, 100, nil, make([]byte, MiB)); return nil }, Corrupt},
		{"zlib bomb that says so", func(w *packWriter) []byte { w.entry(blob, int(2*MiB), nil, make([]byte, 2*MiB)); return nil }, PackTooLarge},
		{"10^9 objects", func(w *packWriter) []byte { w.whole(file); return w.bytes(1_000_000_000) }, TooManyFiles},
		{"fewer objects than counted", func(w *packWriter) []byte { w.whole(file); return w.bytes(5) }, Corrupt},
		{"more objects than counted", func(w *packWriter) []byte { w.whole(file); return w.bytes(2) }, Corrupt},
		{"unknown type 0", func(w *packWriter) []byte { w.entry(0, 7, nil, file); return nil }, Corrupt},
		{"unknown type 5", func(w *packWriter) []byte { w.entry(5, 7, nil, file); return nil }, Corrupt},
		{"offset to before the pack", func(w *packWriter) []byte { w.entry(6, 4, ofs(100_000), deltaOf(7, 1, 1, 'x')); return nil }, Corrupt},
		{"offset to itself", func(w *packWriter) []byte { w.entry(6, 4, ofs(0), deltaOf(7, 1, 1, 'x')); return nil }, Corrupt},
		{"offset into the middle", func(w *packWriter) []byte { w.whole(file); w.entry(6, 4, ofs(5), deltaOf(7, 1, 1, 'x')); return nil }, Corrupt},
		{"base not in the pack", func(w *packWriter) []byte { w.whole(file); w.entry(7, 4, far[:], deltaOf(7, 1, 1, 'x')); return nil }, Corrupt},
		{"delta for another size", func(w *packWriter) []byte { return refDelta(w, file, deltaOf(6, 1, 1, 'x')) }, Corrupt},
		{"delta that copies beyond the base", func(w *packWriter) []byte { return refDelta(w, file, deltaOf(7, 20, 0x90, 20)) }, Corrupt},
		{"delta that makes less than it says", func(w *packWriter) []byte { return refDelta(w, file, deltaOf(7, 9, 1, 'x')) }, Corrupt},
		{"delta with instruction 0", func(w *packWriter) []byte { return refDelta(w, file, deltaOf(7, 9, 0)) }, Corrupt},
		{"delta cut off", func(w *packWriter) []byte { return refDelta(w, file, []byte{7}) }, Corrupt},
		{"delta of a huge result", func(w *packWriter) []byte { return refDelta(w, file, deltaOf(7, 1<<40, 0x90, 7)) }, ""},
		{"delta bombs", deltaBombs, PackTooLarge},
		{"version 3", func(w *packWriter) []byte { b := w.bytes(0); b[7] = 3; return b }, Corrupt},
		{"no pack", func(*packWriter) []byte { return []byte("PACX and more, which is not a pack") }, Corrupt},
		{"idx v4 instead of a pack", func(*packWriter) []byte { return append([]byte("\xfftOc\x00\x00\x00\x04"), make([]byte, 1100)...) }, Corrupt},
		{"nothing", func(*packWriter) []byte { return []byte{} }, Corrupt},
		{"check sum of another pack", func(w *packWriter) []byte { w.whole(file); b := w.bytes(w.n); b[len(b)-1]++; return b }, Corrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w packWriter
			b := tt.fill(&w)
			if b == nil {
				b = w.bytes(w.n)
			}
			err := unpack(bytes.NewReader(b), newMemory(small), small, small.Files, false)
			if got := ReasonOf(err); got != tt.reason || (err == nil) != (tt.reason == "") {
				t.Errorf("unpack = %v, want %q", err, tt.reason)
			}
		})
	}
}

func refDelta(w *packWriter, file, delta []byte) []byte {
	w.whole(file)
	base := plumbing.ComputeHash(plumbing.BlobObject, file)
	w.entry(7, len(delta), base[:], delta)
	return nil
}

// deltaBombs are a few bytes each that make a file of the largest size.
func deltaBombs(w *packWriter) []byte {
	file := make([]byte, 60_000)
	w.whole(file)
	base := plumbing.ComputeHash(plumbing.BlobObject, file)
	for i := range 50 {
		d := deltaOf(60_000, 60_001, 0xb0, 0x60, 0xea, 1, byte(i)) // copy 60,000 from 0, add one
		w.entry(7, len(d), base[:], d)
	}
	return nil
}

func TestDeltasInAnyOrder(t *testing.T) {
	for _, commitsOnly := range []bool{false, true} {
		var w packWriter
		a, b, c := []byte("aaaa"), []byte("aaaab"), []byte("aaaabc")
		ha, hb := plumbing.ComputeHash(plumbing.BlobObject, a), plumbing.ComputeHash(plumbing.BlobObject, b)
		dc := deltaOf(5, 6, 0x90, 5, 1, 'c')
		w.entry(7, len(dc), hb[:], dc) // of b, which comes
		db := deltaOf(4, 5, 0x90, 4, 1, 'b')
		w.entry(7, len(db), ha[:], db) // of a, which comes
		w.object(plumbing.BlobObject, a)
		h := w.commitOf(plumbing.ComputeHash(plumbing.BlobObject, c))
		m := newMemory(small)
		if err := unpack(bytes.NewReader(w.bytes(w.n)), m, small, small.Files, commitsOnly); err != nil {
			t.Fatal(err)
		}
		_, err := readCommit(m, h, small)
		if commitsOnly {
			if len(m.byHash) != 1 {
				t.Errorf("%d objects kept of a history, want the commit", len(m.byHash))
			}
			continue
		}
		if err != nil {
			t.Errorf("the commit is not whole: %v", err)
		}
	}
}

func TestDeltaCycleIsCorrupt(t *testing.T) {
	var w packWriter
	x, y := plumbing.NewHash(strings.Repeat("11", 20)), plumbing.NewHash(strings.Repeat("22", 20))
	d := deltaOf(4, 4, 0x90, 4)
	w.entry(7, len(d), x[:], d)
	w.entry(7, len(d), y[:], d)
	wantReason(t, unpack(bytes.NewReader(w.bytes(w.n)), newMemory(small), small, 10, false), Corrupt)
}

func TestPackWithoutWhatTheCommitNeedsIsCorrupt(t *testing.T) {
	var w packWriter
	h := w.commitOf(plumbing.NewHash(strings.Repeat("ab", 20)))
	m := newMemory(small)
	if err := unpack(bytes.NewReader(w.bytes(w.n)), m, small, small.Files, false); err != nil {
		t.Fatal(err)
	}
	_, err := readCommit(m, h, small)
	wantReason(t, err, Corrupt)
	_, err = readCommit(m, plumbing.NewHash(strings.Repeat("cd", 20)), small)
	wantReason(t, err, Corrupt)
	var tree plumbing.Hash
	for x, o := range m.byHash {
		if o.kind == plumbing.TreeObject {
			tree = x
		}
	}
	_, err = readCommit(m, tree, small)
	wantReason(t, err, Corrupt)
}

// TestServerThatAnswersWithAnotherCommit: what is asked for counts, not what is sent.
func TestServerThatAnswersWithAnotherCommit(t *testing.T) {
	web := servePack(t, func(w *packWriter) { w.whole([]byte("evil")) })
	m := open(t, Options{URL: web.URL})
	h, err := m.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Fetch(t.Context(), h)
	wantReason(t, err, Corrupt)
}
