package git

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"

	"majordomo.dev/reconciler/git/gittest"
)

func TestFindOlderCommits(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	second := r.Commit(map[string]string{"a": "2", "b": noise(3000)}, "second")
	r.Commit(map[string]string{"a": "3"}, "third")
	for name, o := range remotes(t, r) {
		for _, dir := range []string{"", t.TempDir()} {
			t.Run(name+map[bool]string{true: "/memory", false: "/disk"}[dir == ""], func(t *testing.T) {
				o.Dir = dir
				m := open(t, o)
				last := fetchHead(t, m)
				for _, hash := range []string{second, first[:7], strings.ToUpper(second[:12]), last.Hash[:7], first} {
					c, err := m.Find(t.Context(), hash)
					if err != nil || !strings.HasPrefix(c.Hash, strings.ToLower(hash)) {
						t.Errorf("Find(%s) = %v, %v", hash, c, err)
					}
				}
				_, err := m.Find(t.Context(), strings.Repeat("e", 40))
				wantReason(t, err, NotFound)
				_, err = m.Find(t.Context(), "eeeeeee")
				wantReason(t, err, NotFound)
				if !strings.Contains(err.Error(), "among the 3 of refs/heads/main") {
					t.Errorf("error %q does not say where it looked", err)
				}
				for _, bad := range []string{"", "abc", "main", "HEAD~1", strings.Repeat("a", 41), "../../x", "-rf -rf"} {
					_, err := m.Find(t.Context(), bad)
					wantReason(t, err, InvalidOption)
				}
				if m.Last() != last {
					t.Errorf("Last() = %v after Find, want %v", m.Last(), last)
				}
			})
		}
	}
}

func TestFindUsesAFilterWhereTheServerHasOne(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	r.Commit(map[string]string{"a": noise(100_000)}, "second")
	r.Commit(map[string]string{"a": "3"}, "third")
	r.Git("config", "uploadpack.allowFilter", "true")
	web := gittest.ServeHTTP(t, r, gittest.HTTPOptions{})
	m := open(t, Options{URL: web.URL, Limits: Limits{Pack: 20 * KiB}})
	if c, err := m.Find(t.Context(), first[:8]); err != nil || c.Hash != first {
		t.Errorf("Find = %v, %v, want %s without the large file in between", c, err, first)
	}
}

func TestAmbiguousHash(t *testing.T) {
	r := gittest.NewRepo(t)
	a := r.Commit(map[string]string{"a": "1"}, "first")
	m := open(t, Options{URL: r.Dir})
	h, err := m.parseHash(a)
	if err != nil {
		t.Fatal(err)
	}
	other := h
	other[19] ^= 1
	_, err = m.one(a[:10], slices.Concat([]plumbing.Hash{h}, []plumbing.Hash{h, other}))
	wantReason(t, err, InvalidOption)
	if one, err := m.one(a[:10], []plumbing.Hash{h, h}); err != nil || one != h {
		t.Errorf("the same commit twice is ambiguous: %v", err)
	}
}

func TestForcePushIsFollowedByDefault(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	r.Commit(map[string]string{"a": "2"}, "second")
	for name, o := range remotes(t, r) {
		t.Run(name, func(t *testing.T) {
			m := open(t, o)
			fetchHead(t, m)
			rewritten := r.ForcePush(map[string]string{"other": name}, "rewritten")
			if c := fetchHead(t, m); c.Hash != rewritten {
				t.Errorf("fetched %s, want %s", c.Hash, rewritten)
			}
			r.Reset(first)
			if c := fetchHead(t, m); c.Hash != first || m.Last() != c {
				t.Errorf("fetched %s, want %s", c.Hash, first)
			}
		})
	}
}

func TestForcePushIsRefusedByPolicy(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	second := r.Commit(map[string]string{"a": "2"}, "second")
	for name, o := range remotes(t, r) {
		t.Run(name, func(t *testing.T) {
			o.ForcePush = Refuse
			r.Reset(first)
			m := open(t, o)
			fetchHead(t, m)
			r.Reset(second)
			r.Commit(map[string]string{"b": "3"}, "third")
			good := fetchHead(t, m) // two commits forward
			refused := func(what string) {
				t.Helper()
				h, err := m.Head(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, err = m.Fetch(t.Context(), h)
				wantReason(t, err, NotFastForward)
				if !strings.Contains(err.Error(), h) || !strings.Contains(err.Error(), good.Hash) || m.Last() != good {
					t.Errorf("%s: %v does not name both commits, or Last() = %v", what, err, m.Last())
				}
			}
			r.Reset(first)
			refused("older commit: a lagging or hostile server")
			r.ForcePush(map[string]string{"other": "1"}, "rewritten")
			refused("history rewritten")
			r.Reset(second)
			r.Commit(map[string]string{"b": "diverged"}, "diverged")
			refused("diverged")
			r.Reset(good.Hash)
			next := r.Commit(map[string]string{"a": "4"}, "fourth")
			if c := fetchHead(t, m); c.Hash != next {
				t.Errorf("fetched %s, want %s", c.Hash, next)
			}
			if c, err := m.Find(t.Context(), first); err != nil || c.Hash != first {
				t.Errorf("rollback to %s: %v", first, err)
			}
		})
	}
}

func TestForcePushIsRefusedAfterARestart(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	second := r.Commit(map[string]string{"a": "2"}, "second")
	r.Reset(first)
	_, err := open(t, Options{URL: r.Dir, ForcePush: Refuse, After: second}).Fetch(t.Context(), first)
	wantReason(t, err, NotFastForward)
	if _, err := open(t, Options{URL: r.Dir, ForcePush: Refuse, After: first}).Fetch(t.Context(), second); err != nil {
		t.Errorf("Fetch of a descendant: %v", err)
	}
}

func TestTags(t *testing.T) {
	r := gittest.NewRepo(t)
	first := r.Commit(map[string]string{"a": "1"}, "first")
	r.Tag("v1")
	r.Git("tag", "light", first)
	second := r.Commit(map[string]string{"a": "2"}, "second")
	for name, o := range remotes(t, r) {
		t.Run(name, func(t *testing.T) {
			for _, ref := range []string{"refs/tags/v1", "refs/tags/light"} {
				o.Ref, o.ForcePush = ref, Refuse
				m := open(t, o)
				if c := fetchHead(t, m); c.Hash != first {
					t.Errorf("%s is %s, want %s", ref, c.Hash, first)
				}
				r.Git("tag", "-f", "-m", "moved", strings.TrimPrefix(ref, "refs/tags/"), second)
				_, err := m.Fetch(t.Context(), second)
				wantReason(t, err, RefChanged)
				r.Git("tag", "-f", "-m", "back", strings.TrimPrefix(ref, "refs/tags/"), first)
			}
		})
	}
}

func TestBranchComesGoesAndIsRenamed(t *testing.T) {
	r := gittest.NewRepo(t)
	for name, o := range remotes(t, r) {
		t.Run(name, func(t *testing.T) {
			o.Ref = "live-" + name
			m := open(t, o)
			r.Switch("main")
			r.Commit(map[string]string{"a": name}, "first")
			_, err := m.Head(t.Context())
			wantReason(t, err, RefNotFound)
			if !strings.Contains(err.Error(), "main") {
				t.Errorf("error %q does not name the branches there are", err)
			}
			r.Switch(o.Ref)
			good := fetchHead(t, m)
			r.DeleteBranch(o.Ref)
			_, err = m.Head(t.Context())
			wantReason(t, err, RefNotFound)
			if m.Last() != good {
				t.Errorf("Last() = %v, want %v", m.Last(), good)
			}
			r.Switch("main")
			r.Switch(o.Ref)
			next := r.Commit(map[string]string{"b": "2"}, "again")
			if c := fetchHead(t, m); c.Hash != next {
				t.Errorf("fetched %s, want %s", c.Hash, next)
			}
		})
	}
}

func TestEmptyRepositoryAndEmptyTree(t *testing.T) {
	r := gittest.NewRepo(t)
	all := remotes(t, r)
	for name, o := range all {
		_, err := open(t, o).Head(t.Context())
		if got := ReasonOf(err); got != EmptyRepository {
			t.Errorf("%s: empty repository: %v", name, err)
		}
	}
	r.Commit(map[string]string{"dir/a": "1"}, "first")
	ms := map[string]*Mirror{}
	for name, o := range all {
		ms[name] = open(t, o)
		fetchHead(t, ms[name])
	}
	h := r.Remove("dir")
	for name, m := range ms {
		good := m.Last()
		_, err := m.Fetch(t.Context(), h)
		if got := ReasonOf(err); got != EmptyTree || m.Last() != good {
			t.Errorf("%s: empty tree: %v, Last() = %v", name, err, m.Last())
		}
	}
}

func TestCommitThatIsNoLongerOfferedSaysSo(t *testing.T) {
	r := gittest.NewRepo(t)
	r.Commit(map[string]string{"a": "1"}, "first")
	gone := r.Head()
	r.ForcePush(map[string]string{"a": "2"}, "rewritten")
	for name, o := range remotes(t, r) {
		if name == "local" {
			r.Git("reflog", "expire", "--expire=now", "--all")
			r.Git("prune", "--expire=now")
		}
		_, err := open(t, o).Fetch(t.Context(), gone)
		if got := ReasonOf(err); got != RefChanged {
			t.Errorf("%s: %v, want RefChanged", name, err)
		}
	}
	for _, bad := range []string{"", "main", gone[:7], gone + "0", strings.Repeat("g", 40)} {
		_, err := open(t, Options{URL: r.Dir}).Fetch(t.Context(), bad)
		wantReason(t, err, InvalidOption)
	}
}
