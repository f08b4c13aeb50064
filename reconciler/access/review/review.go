// Package review asks a Kubernetes API server whose a token is and what somebody may do.
package review

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/secret"
)

// Limits of what is remembered, and for how long: a right that is taken away counts for no longer.
const (
	timeout    = 10 * time.Second // of one question
	remembered = 30 * time.Second
	refused    = 5 * time.Second // a no: whoever just got a right need not wait
	maxTokens  = 2048
	maxRights  = 16384
	maxToken   = 16 << 10 // bytes
)

// Options say what a token has to be good for.
type Options struct {
	Audiences []string         // one of them; empty: that of the API server
	Now       func() time.Time // nil: time.Now
}

// Reviewer asks one API server, and remembers its answers for a short time.
type Reviewer struct {
	o      Options
	tokens authenticationclient.TokenReviewInterface
	rights authorizationclient.SubjectAccessReviewInterface
	people *cache.LRUExpireCache // by sum of the token
	may    *cache.LRUExpireCache // by person and right
}

// clock is time as the caches want it.
type clock func() time.Time

// Now is the time.
func (c clock) Now() time.Time { return c() }

// New returns a reviewer. The identity of the config must have the right to create tokenreviews and subjectaccessreviews.
func New(cfg *rest.Config, o Options) (*Reviewer, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.Timeout, cfg.QPS = timeout, -1
	tokens, err := authenticationclient.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	rights, err := authorizationclient.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reviewer{
		o: o, tokens: tokens.TokenReviews(), rights: rights.SubjectAccessReviews(),
		people: cache.NewLRUExpireCacheWithClock(maxTokens, clock(o.Now)), may: cache.NewLRUExpireCacheWithClock(maxRights, clock(o.Now)),
	}, nil
}

// Token returns whose a bearer token is, access.ErrLogin if it is nobody's. Any other error means that nobody can tell now.
func (r *Reviewer) Token(ctx context.Context, token secret.String) (access.Person, error) {
	text := token.Reveal()
	if text == "" || len(text) > maxToken || strings.ContainsAny(text, " \t\r\n") {
		return access.Person{}, access.ErrLogin
	}
	key := sha256.Sum256([]byte(text))
	if known, ok := r.people.Get(key); ok {
		p, _ := known.(access.Person)
		if p.Nobody() {
			return p, access.ErrLogin
		}
		return p, nil
	}
	ask := &authentication.TokenReview{Spec: authentication.TokenReviewSpec{Token: text, Audiences: r.o.Audiences}}
	answer, err := r.tokens.Create(ctx, ask, metav1.CreateOptions{})
	if err != nil {
		return access.Person{}, asking("whose a token is", err)
	}
	p := personOf(answer.Status, r.o.Audiences)
	if p.Nobody() {
		r.people.Add(key, access.Person{}, refused)
		return access.Person{}, access.ErrLogin
	}
	r.people.Add(key, p, remembered)
	return p, nil
}

// personOf returns who it is that the API server has seen in a token, nobody where it has not, or for another audience only.
func personOf(s authentication.TokenReviewStatus, audiences []string) access.Person {
	if !s.Authenticated || s.Error != "" || len(audiences) > 0 && !overlap(audiences, s.Audiences) {
		return access.Person{}
	}
	p := access.Person{Name: s.User.Username, UID: s.User.UID, Groups: s.User.Groups}
	for k, v := range s.User.Extra {
		if p.Extra == nil {
			p.Extra = map[string][]string{}
		}
		p.Extra[k] = v
	}
	if p.Name == "" || p.Name == "system:anonymous" {
		return access.Person{} // whoever it is, it is nobody
	}
	return p
}

func overlap(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// May tells whether a person has a right. An error means that nobody can tell now, and is never a yes.
func (r *Reviewer) May(ctx context.Context, p access.Person, right access.Right) (bool, error) {
	if p.Nobody() {
		return false, nil
	}
	if right.Name != "" { // whoever may do it with all of them is asked about once
		all := right
		all.Name = ""
		if yes, err := r.ask(ctx, p, all); yes || err != nil {
			return yes, err
		}
	}
	return r.ask(ctx, p, right)
}

// ask asks for one right, or remembers the answer.
func (r *Reviewer) ask(ctx context.Context, p access.Person, right access.Right) (bool, error) {
	key := sum(p, right)
	if known, ok := r.may.Get(key); ok {
		yes, _ := known.(bool)
		return yes, nil
	}
	ask := &authorization.SubjectAccessReview{Spec: authorization.SubjectAccessReviewSpec{
		User: p.Name, UID: p.UID, Groups: p.Groups, Extra: extra(p.Extra),
		ResourceAttributes: &authorization.ResourceAttributes{
			Verb: right.Verb, Group: right.Group, Resource: right.Resource, Subresource: right.Subresource, Namespace: right.Namespace, Name: right.Name,
		},
	}}
	answer, err := r.rights.Create(ctx, ask, metav1.CreateOptions{})
	if err != nil {
		return false, asking("for a right", err)
	}
	yes := answer.Status.Allowed && !answer.Status.Denied
	if !yes && answer.Status.EvaluationError != "" && !answer.Status.Denied {
		return false, nil // an authorizer has failed: not remembered, for it may work again
	}
	keep := remembered
	if !yes {
		keep = refused
	}
	r.may.Add(key, yes, keep)
	return yes, nil
}

// asking says that a question was not answered.
func asking(what string, err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("ask the cluster %s: %w: %w", what, access.ErrPowerless, err)
	}
	return fmt.Errorf("ask the cluster %s: %w", what, err)
}

func extra(in map[string][]string) map[string]authorization.ExtraValue {
	if len(in) == 0 {
		return nil
	}
	out := map[string]authorization.ExtraValue{}
	for k, v := range in {
		out[k] = v
	}
	return out
}

// sum names a person with a right. Each part is quoted, so that no two questions look alike.
func sum(p access.Person, right access.Right) [sha256.Size]byte {
	what := []string{right.Verb, right.Group, right.Resource, right.Subresource, right.Namespace, right.Name}
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", p.Name, p.UID, p.Groups, p.Extra, what))
}
