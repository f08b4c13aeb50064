package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// FuzzPack: whatever a server sends as a pack, nothing panics and the limits hold.
func FuzzPack(f *testing.F) {
	var good, delta, bombs packWriter
	h := good.whole([]byte("content"))
	refDelta(&delta, []byte("content"), deltaOf(7, 9, 0x90, 7, 2, 'a', 'b'))
	deltaBombs(&bombs)
	for _, w := range []*packWriter{&good, &delta, &bombs} {
		f.Add(w.bytes(w.n))
		f.Add(w.bytes(w.n + 1))
		f.Add(sideband(w.bytes(w.n)))
	}
	f.Add([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, pack []byte) {
		for _, commitsOnly := range []bool{false, true} {
			m := newMemory(small)
			if err := unpack(bytes.NewReader(pack), m, small, small.Files, commitsOnly); err != nil && ReasonOf(err) == "" {
				t.Errorf("error without a reason: %v", err)
			}
			if m.total > small.Unpacked+small.File {
				t.Errorf("%s unpacked, the limit is %s", m.total, small.Unpacked)
			}
			_, _ = readCommit(m, h, small)
		}
	})
}

// FuzzAnswer: whatever a server says instead of an answer, nothing panics and reading ends.
func FuzzAnswer(f *testing.F) {
	var w packWriter
	w.whole([]byte("content"))
	pack := sideband(w.bytes(w.n))
	f.Add(append([]byte("0035shallow 0000000000000000000000000000000000000001\n00000008NAK\n"), pack...))
	f.Add(append([]byte("0038ACK 0000000000000000000000000000000000000001 common\n0008NAK\n"), pack...))
	f.Add([]byte("0008NAK\n000a\x02hello0009\x03bad!"))
	f.Add([]byte("0012ERR not our ref"))
	f.Add([]byte("0000000000000004ffff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, q := range []request{{depth: 1}, {}} {
			a, err := readAnswer(bytes.NewReader(body), q)
			if err != nil {
				continue
			}
			n, err := io.Copy(io.Discard, a)
			var line *pktline.ErrorLine
			if n > int64(len(body)) || err != nil && errors.As(err, &line) && len(line.Text) > len(body) {
				t.Errorf("read %d bytes of %d", n, len(body))
			}
		}
	})
}

// FuzzAdvert: whatever a server announces, there is a commit or an Error fit to print.
func FuzzAdvert(f *testing.F) {
	hash := strings.Repeat("ab", 20)
	f.Add([]byte("001e# service=git-upload-pack\n0000004e" + hash + " refs/heads/main\x00shallow filter\n0000"))
	f.Add([]byte("004e" + hash + " refs/heads/main\x00object-format=sha256 x\n0000"))
	f.Add([]byte("0000"))
	f.Add([]byte("0042" + strings.Repeat("0", 40) + " capabilities^{}\x00x\n0000"))
	f.Add([]byte("0013ERR no \x1b[31m way"))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := &wire{ref: "refs/heads/main", limits: Limits{Refs: 10}}
		adv, err := w.readAdvert(bytes.NewReader(body))
		if err == nil && adv.commit.IsZero() {
			t.Error("neither a commit nor an error")
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x00\x1b\n") {
			t.Errorf("error %q holds control characters", err)
		}
	})
}

// FuzzTreeEntry: whatever a tree holds, it is refused, or every path in it can be opened or says why not.
func FuzzTreeEntry(f *testing.F) {
	var blob plumbing.Hash
	for _, e := range []string{"100644 a", "40000 d", "120000 l", "160000 m", "100644 .git", "100644 ..", "100644 a/b", "777 x", "100644 \xff", " ", "99999999 a"} {
		f.Add([]byte(e+"\x00"+string(blob[:])), "a")
		f.Add([]byte(e+"\x00"), "../x")
	}
	f.Fuzz(func(t *testing.T, content []byte, target string) {
		m := newMemory(small)
		sub, err := m.put(plumbing.TreeObject, content)
		if err != nil {
			return
		}
		file, _ := m.put(plumbing.BlobObject, []byte(target))
		root := append([]byte("100644 a\x00"), file[:]...)
		root = append(append(root, "120000 l\x00"...), file[:]...)
		root = append(append(root, "40000 s\x00"...), sub[:]...)
		h, err := m.put(plumbing.TreeObject, root)
		if err != nil {
			return
		}
		tree, err := flatten(m, h, small)
		if err != nil {
			if ReasonOf(err) == "" {
				t.Errorf("error without a reason: %v", err)
			}
			return
		}
		files := files{&Commit{objects: m, tree: tree}}
		for path, n := range tree.nodes {
			if !fs.ValidPath(path) {
				t.Errorf("the tree has the path %q", path)
			}
			if _, err := files.Open(path); err != nil && ReasonOf(err) == "" {
				t.Errorf("%q (%v): error without a reason: %v", path, n.mode, err)
			}
		}
	})
}

// FuzzURL: an address that is accepted has a host or a path that no program could take for an option.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://example.com/x", "git@example.com:x", "ssh://a@b:1/c", "/x", "ext::sh -c x", "-x", "http://[::1]/", "a:b", "[::1]:x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := parseAddress(raw)
		if err != nil {
			return
		}
		for _, part := range []string{a.host, a.user} {
			if strings.HasPrefix(part, "-") || strings.ContainsAny(part, " \t\r\n\x00'\"`$;&|") {
				t.Errorf("parseAddress(%q) = %+v", raw, a)
			}
		}
		if a.scheme == "ssh" && strings.HasPrefix(a.path, "-") || a.scheme == "file" && !strings.HasPrefix(a.path, "/") {
			t.Errorf("parseAddress(%q) = %+v", raw, a)
		}
	})
}

// FuzzKnownHosts: whatever the file holds, nothing panics and an unknown key stays unknown.
func FuzzKnownHosts(f *testing.F) {
	f.Add([]byte(exampleHost))
	f.Add([]byte("|1|AAAA|AAAA" + strings.TrimPrefix(exampleHost, "example.com")))
	f.Add([]byte("@revoked *" + strings.TrimPrefix(exampleHost, "example.com")))
	f.Fuzz(func(_ *testing.T, b []byte) {
		known, err := parseKnownHosts(b)
		if err != nil {
			return
		}
		for _, k := range known {
			known.look("example.com", "22", k.key)
		}
		known.algorithms("::1", "2222")
	})
}
