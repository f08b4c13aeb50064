package git

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// advert is what a remote says about itself: where its refs are, and what it can do.
type advert struct {
	commit   plumbing.Hash     // where our ref is
	tip      plumbing.Hash     // the same, or the annotated tag that names it
	caps     map[string]string // capability -> value
	refs     int
	branches []string // the first few, to name them in an Error
}

// readAdvert reads the announcement of refs and keeps the one we follow.
func (w *wire) readAdvert(r io.Reader) (advert, error) {
	adv := advert{caps: map[string]string{}}
	lines := pktline.NewScanner(r)
	first, service := true, false
	for lines.Scan() {
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\n"))
		switch {
		case len(line) == 0 && service: // between the line that names the service, over http, and the refs
			service = false
			continue
		case len(line) == 0:
			return w.checkAdvert(adv)
		case bytes.HasPrefix(line, []byte("# service=")):
			service = true
			continue
		case bytes.HasPrefix(line, []byte("version 1")):
			continue
		}
		if first {
			line = adv.capabilities(line)
			first = false
		}
		if err := w.adopt(&adv, string(line)); err != nil {
			return adv, err
		}
	}
	if err := lines.Err(); err != nil {
		return adv, w.remoteError(err)
	}
	return adv, w.errorf(Corrupt, "try again; if it stays, check the URL", "the list of refs ends too early: %w", io.ErrUnexpectedEOF)
}

// capabilities takes what follows the NUL of the first line.
func (a *advert) capabilities(line []byte) []byte {
	line, caps, _ := bytes.Cut(line, []byte{0})
	for c := range strings.FieldsSeq(string(caps)) {
		key, value, _ := strings.Cut(c, "=")
		a.caps[key] = value
	}
	return line
}

// adopt takes one "hash SP name" line. The line of a tag is followed by that of the commit it names.
func (w *wire) adopt(a *advert, line string) error {
	hash, name, ok := strings.Cut(line, " ")
	if f := a.caps["object-format"]; f != "" && f != "sha1" {
		return w.errorf(Unsupported, "use a repository made with --object-format=sha1", "its objects are named by %s", oneLine(f, 20))
	}
	if hash == "shallow" {
		return nil
	}
	if !ok || !plumbing.IsHash(hash) || len(hash) != 40 {
		return w.errorf(Corrupt, "check the URL", "the list of refs holds %q", w.clean.clean(line))
	}
	if name == "capabilities^{}" {
		return nil
	}
	if a.count(name); a.refs > w.limits.Refs {
		return w.errorf(TooManyRefs, "delete old branches and tags or raise the limit",
			"it announces more than %d refs (limits.refs)", w.limits.Refs)
	}
	switch name {
	case w.ref:
		a.tip = plumbing.NewHash(hash)
		a.commit = a.tip
	case w.ref + "^{}":
		a.commit = plumbing.NewHash(hash)
	}
	return nil
}

// count notes that there is a ref.
func (a *advert) count(name string) {
	a.refs++
	if b, ok := strings.CutPrefix(name, "refs/heads/"); ok && len(a.branches) < 5 {
		a.branches = append(a.branches, oneLine(b, 60))
	}
}

// checkAdvert makes sure that our ref is there.
func (w *wire) checkAdvert(adv advert) (advert, error) {
	if adv.commit.IsZero() {
		return adv, adv.noRef(w.address, w.ref)
	}
	return adv, nil
}

// noRef is the Error of a ref that is not there.
func (a *advert) noRef(where address, ref string) error {
	if a.refs == 0 {
		return where.errorf(EmptyRepository, "push a commit to it; until then the last good commit stays in force", "the repository is empty")
	}
	hint := "create it, or set ref to a branch or tag that exists"
	if len(a.branches) > 0 {
		hint = "create it, or set ref to a branch that exists: " + strings.Join(a.branches, ", ")
	}
	return where.errorf(RefNotFound, hint, "it has no %s (never had, or it was deleted or renamed)", ref)
}

// reach returns what to ask for to get a commit: some servers give out only what a ref names itself.
func (a *advert) reach(h plumbing.Hash) plumbing.Hash {
	if h == a.commit {
		return a.tip
	}
	return h
}

// request asks for a pack.
type request struct {
	want   plumbing.Hash
	have   plumbing.Hash // a commit at hand
	depth  int           // 0: all of it
	noTree bool          // commits only
}

// encode writes the request as the remote understands it.
func (q request) encode(caps map[string]string) ([]byte, error) {
	if _, ok := caps["side-band-64k"]; !ok {
		return nil, errors.New("it does not speak side-band-64k, as every git server since 2006 does")
	}
	ask := []string{"side-band-64k"}
	for _, c := range []string{"ofs-delta", "no-progress", "multi_ack_detailed"} {
		if _, ok := caps[c]; ok {
			ask = append(ask, c)
		}
	}
	if _, ok := caps["shallow"]; q.depth > 0 && !ok {
		return nil, errors.New("it does not serve shallow clones")
	} else if q.depth > 0 {
		ask = append(ask, "shallow")
	}
	if q.depth > 0 && !q.have.IsZero() {
		ask = append(ask, "thin-pack") // else git sends all files of a shallow commit, whatever we have
	}
	if q.noTree {
		ask = append(ask, "filter")
	}
	var b bytes.Buffer
	e := pktline.NewEncoder(&b)
	_ = e.Encodef("want %s %s agent=majordomo\n", q.want, strings.Join(ask, " "))
	if q.depth > 0 && !q.have.IsZero() {
		_ = e.Encodef("shallow %s\n", q.have) // of what we have, we know no parents
	}
	if q.depth > 0 {
		_ = e.Encodef("deepen %d\n", q.depth)
	}
	if q.noTree {
		_ = e.EncodeString("filter tree:0\n")
	}
	_ = e.Flush()
	if !q.have.IsZero() {
		_ = e.Encodef("have %s\n", q.have)
	}
	_ = e.EncodeString("done\n")
	return b.Bytes(), nil
}

// answer is the pack in the remote's answer.
type answer struct {
	lines *pktline.Scanner
	rest  []byte
	first bool // rest is the first packet, read but not looked at
}

// readAnswer skips to the pack: past the new shallow commits, if any, and the acknowledgements.
func readAnswer(r io.Reader, q request) (*answer, error) {
	a := &answer{lines: pktline.NewScanner(r)}
	shallow := q.depth > 0
	for a.lines.Scan() {
		line := a.lines.Bytes()
		switch {
		case shallow:
			shallow = len(line) > 0
		case bytes.HasPrefix(line, []byte("ACK ")), bytes.HasPrefix(line, []byte("NAK")):
		case len(line) == 0:
			return nil, corrupt("the answer holds no pack")
		default:
			a.rest, a.first = line, true
			return a, nil
		}
	}
	if err := a.lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the answer ends before the pack: %w", io.ErrUnexpectedEOF)
}

// Read implements io.Reader over the pack, leaving out progress.
func (a *answer) Read(p []byte) (int, error) {
	for len(a.rest) == 0 || a.first {
		if err := a.packet(); err != nil {
			return 0, err
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// packet takes the next packet of the pack's band.
func (a *answer) packet() error {
	if !a.first && !a.lines.Scan() {
		if err := a.lines.Err(); err != nil {
			return err
		}
		return io.ErrUnexpectedEOF
	}
	line := a.lines.Bytes()
	a.first, a.rest = false, nil
	if len(line) == 0 {
		return io.EOF
	}
	switch line[0] {
	case 1:
		a.rest = line[1:]
	case 2: // progress
	case 3:
		return &pktline.ErrorLine{Text: string(line[1:])}
	default:
		return corrupt("the answer has a packet for band %d", line[0])
	}
	return nil
}
