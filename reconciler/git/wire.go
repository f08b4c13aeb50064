package git

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
)

// wire is a remote that speaks the pack protocol, over http or ssh.
type wire struct {
	address
	ref    string
	limits Limits
	clean  cleaner
	dial   func(*guard) (session, error)
	hangUp func()
}

// session is one conversation.
type session interface {
	// refs is the announcement of refs.
	refs() (io.Reader, error)
	// ask sends a request and returns the answer.
	ask(request []byte) (io.Reader, error)
	close()
}

func newRemote(a address, o Options) (remote, error) {
	if a.scheme == "file" {
		return &local{address: a, ref: plumbing.ReferenceName(o.Ref), limits: o.Limits}, nil
	}
	w := &wire{address: a, ref: o.Ref, limits: o.Limits, clean: cleaner{o.Auth}, hangUp: func() {}}
	if a.scheme == "ssh" {
		return w, w.overSSH(o)
	}
	w.overHTTP(o)
	return w, nil
}

func (w *wire) close() { w.hangUp() }

// converse runs one conversation and explains its errors.
func (w *wire) converse(ctx context.Context, talk func(*guard, session, advert) error) error {
	g := newGuard(ctx, w.limits)
	defer g.close()
	return g.explain(w.address, func() error {
		s, err := w.dial(g)
		if err != nil {
			return err
		}
		defer s.close()
		r, err := s.refs()
		if err != nil {
			return err
		}
		adv, err := w.readAdvert(r)
		if err != nil {
			return err
		}
		return talk(g, s, adv)
	}())
}

// head implements remote.
func (w *wire) head(ctx context.Context) (plumbing.Hash, error) {
	var h plumbing.Hash
	err := w.converse(ctx, func(_ *guard, _ session, adv advert) error {
		h = adv.commit
		return nil
	})
	return h, err
}

// fetch implements remote.
func (w *wire) fetch(ctx context.Context, h plumbing.Hash, have *Commit, to objectWriter) error {
	q, base := request{depth: 1}, to
	if have != nil {
		q.have, base = have.id, based{to, have.objects}
	}
	err := w.converse(ctx, func(_ *guard, s session, adv advert) error {
		q.want = adv.reach(h)
		return w.pack(s, adv, q, base, w.limits.Files, false)
	})
	if err != nil || have == nil {
		return err
	}
	return w.about(copyCommit(to, h, to, have, w.limits))
}

// history implements remote.
func (w *wire) history(ctx context.Context, tip, old plumbing.Hash, to objectWriter) error {
	return w.converse(ctx, func(_ *guard, s session, adv advert) error {
		_, filter := adv.caps["filter"]
		q := request{want: adv.reach(tip), have: old, noTree: filter}
		return w.pack(s, adv, q, to, maxHistory, filter || !old.IsZero())
	})
}

// pack asks for a pack and unpacks it.
func (w *wire) pack(s session, adv advert, q request, to objectWriter, most int, commitsOnly bool) error {
	ask, err := q.encode(adv.caps)
	if err != nil {
		return w.errorf(Unsupported, "use another git server", "%w", err)
	}
	body, err := s.ask(ask)
	if err != nil {
		return err
	}
	a, err := readAnswer(body, q)
	if err != nil {
		return w.remoteError(err)
	}
	err = unpack(a, to, w.limits, most, commitsOnly)
	var line *pktline.ErrorLine
	if errors.As(err, &line) {
		return w.remoteError(line)
	}
	return err
}

// remoteError explains what the remote says instead of answering.
func (w *wire) remoteError(err error) error {
	var line *pktline.ErrorLine
	if errors.Is(err, pktline.ErrInvalidPktLen) {
		return w.errorf(Corrupt, "check that the URL is a git repository, and any proxy in between", "the answer is not in git's protocol")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return w.errorf(Corrupt, "the next poll tries again", "the answer ends too early: %w", io.ErrUnexpectedEOF)
	}
	if !errors.As(err, &line) {
		return err
	}
	said := w.clean.clean(line.Text)
	lower := strings.ToLower(said)
	switch {
	case strings.Contains(lower, "not our ref"):
		return w.errorf(RefChanged, "ask for the head again; to fetch older commits set uploadpack.allowReachableSHA1InWant on the server",
			"it does not give out that commit, which no branch names any more: %s", said)
	case isNotFound(lower):
		return w.errorf(NotFound, "check the URL, and that this account may read the repository", "no such repository: %s", said)
	}
	return w.errorf(ServerError, "ask who runs the server; the next poll tries again", "it says: %s", said)
}

// isNotFound recognises how the known servers say that there is no such repository.
func isNotFound(lower string) bool {
	for _, s := range []string{
		"repository not found", "does not exist", "does not appear to be a git repository", "no such repository",
		"could not be found", "access denied or repository not exported",
	} {
		if strings.Contains(lower, s) {
			return true
		}
	}
	return false
}
