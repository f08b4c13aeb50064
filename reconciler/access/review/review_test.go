package review_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"majordomo.dev/e2e/testcluster"
	"majordomo.dev/reconciler/access"
	"majordomo.dev/reconciler/access/review"
	"majordomo.dev/reconciler/secret"
)

var cluster *testcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(testcluster.Main(m, func(c *testcluster.Cluster) { cluster = c }))
}

// people are service accounts of a namespace.
type people struct {
	t         *testing.T
	kube      kubernetes.Interface
	namespace string
}

func newPeople(t *testing.T) people {
	t.Helper()
	kube, err := kubernetes.NewForConfig(cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	return people{t, kube, cluster.Namespace(t, nil)}
}

// account makes a service account, with a token for the audiences.
func (p people) account(name string, audiences ...string) secret.String {
	p.t.Helper()
	accounts := p.kube.CoreV1().ServiceAccounts(p.namespace)
	if _, err := accounts.Create(p.t.Context(), &core.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		p.t.Fatal(err)
	}
	ask := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{Audiences: audiences}}
	got, err := accounts.CreateToken(p.t.Context(), name, ask, metav1.CreateOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	return secret.New(got.Status.Token)
}

// grant lets an account do something with pools of the namespace.
func (p people) grant(name string, rules ...rbac.PolicyRule) {
	p.t.Helper()
	meta := metav1.ObjectMeta{Name: name}
	if _, err := p.kube.RbacV1().Roles(p.namespace).Create(p.t.Context(), &rbac.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		p.t.Fatal(err)
	}
	bind := &rbac.RoleBinding{
		ObjectMeta: meta, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: name},
		Subjects: []rbac.Subject{{Kind: "ServiceAccount", Name: name, Namespace: p.namespace}},
	}
	if _, err := p.kube.RbacV1().RoleBindings(p.namespace).Create(p.t.Context(), bind, metav1.CreateOptions{}); err != nil {
		p.t.Fatal(err)
	}
}

func reviewer(t *testing.T, cfg *rest.Config, o review.Options) *review.Reviewer {
	t.Helper()
	r, err := review.New(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestATokenIsWhoseTheClusterSays(t *testing.T) {
	p := newPeople(t)
	token := p.account("viewer")
	r := reviewer(t, cluster.Config(), review.Options{})
	got, err := r.Token(t.Context(), token)
	if err != nil || got.Name != "system:serviceaccount:"+p.namespace+":viewer" || got.UID == "" || !slices.Contains(got.Groups, "system:serviceaccounts:"+p.namespace) {
		t.Errorf("%+v, %v", got, err)
	}
	cut := token.Reveal()
	for name, bad := range map[string]string{
		"forged": cut[:len(cut)-6] + "AAAAAA", "cut": cut[:len(cut)/2], "no token": "x", "empty": "", "with a line break": cut + "\n", "huge": strings.Repeat("x", 1<<20),
		"alg none": "eyJhbGciOiJub25lIn0." + strings.Split(cut, ".")[1] + ".",
	} {
		if who, err := r.Token(t.Context(), secret.New(bad)); !errors.Is(err, access.ErrLogin) || !who.Nobody() {
			t.Errorf("%s: %+v, %v; want nobody", name, who, err)
		}
	}
}

func TestATokenForAnotherAudienceIsNobodys(t *testing.T) {
	p := newPeople(t)
	api, own := p.account("api"), p.account("own", "majordomo")
	plain, strict := reviewer(t, cluster.Config(), review.Options{}), reviewer(t, cluster.Config(), review.Options{Audiences: []string{"majordomo"}})
	for name, c := range map[string]struct {
		by    *review.Reviewer
		token secret.String
		known bool
	}{
		"for the API server, asked as such": {plain, api, true}, "for majordomo, asked as one for the API server": {plain, own, false},
		"for majordomo, asked as such": {strict, own, true}, "for the API server, asked as one for majordomo": {strict, api, false},
	} {
		if _, err := c.by.Token(t.Context(), c.token); (err == nil) != c.known || err != nil && !errors.Is(err, access.ErrLogin) {
			t.Errorf("%s: %v, want known %t", name, err, c.known)
		}
	}
}

func TestRightsAreThoseOfRBAC(t *testing.T) {
	p := newPeople(t)
	r := reviewer(t, cluster.Config(), review.Options{})
	person := map[string]access.Person{}
	for _, name := range []string{"viewer", "operator", "scaler", "nobody"} {
		token := p.account(name)
		who, err := r.Token(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		person[name] = who
	}
	p.grant("operator", rbac.PolicyRule{APIGroups: []string{"majordomo.dev"}, Resources: []string{"agentpools"}, Verbs: []string{"patch"}, ResourceNames: []string{"linux"}})
	p.grant("scaler", rbac.PolicyRule{APIGroups: []string{"majordomo.dev"}, Resources: []string{"agentpools/scale"}, Verbs: []string{"patch"}})
	linux := access.Subject{Environment: p.namespace, Namespace: p.namespace, Pool: "linux"}
	windows, elsewhere := linux, linux
	windows.Pool, elsewhere.Namespace = "windows", "default"
	may := func(name string, s access.Subject, verb access.Verb) bool {
		t.Helper()
		for _, right := range s.Rights(verb) {
			ok, err := r.May(t.Context(), person[name], right)
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		name    string
		subject access.Subject
		verb    access.Verb
		want    bool
	}{
		{"operator", linux, access.Drain, true},
		{"operator", linux, access.Scale, true},
		{"operator", linux, access.Suspend, true},
		{"operator", linux, access.View, false},
		{"operator", windows, access.Drain, false},
		{"operator", elsewhere, access.Drain, false},
		{"scaler", linux, access.Scale, true},
		{"scaler", windows, access.Scale, true},
		{"scaler", linux, access.Drain, false},
		{"scaler", elsewhere, access.Scale, false},
		{"nobody", linux, access.Scale, false},
		{"viewer", linux, access.View, false},
	} {
		if got := may(c.name, c.subject, c.verb); got != c.want {
			t.Errorf("%s may %s %s: %t, want %t", c.name, c.verb, c.subject.Key(), got, c.want)
		}
	}
	if ok, err := r.May(t.Context(), access.Person{}, linux.Rights(access.View)[0]); ok || err != nil {
		t.Errorf("no name and no groups: %t, %v; want false", ok, err)
	}
	root := access.Person{Name: "root", Groups: []string{"system:masters"}}
	if ok, err := r.May(t.Context(), root, linux.Rights(access.Drain)[0]); !ok || err != nil {
		t.Errorf("an administrator by group: %t, %v", ok, err)
	}
}

func TestAnAnswerCountsForAShortTimeOnly(t *testing.T) {
	p := newPeople(t)
	now := time.Now()
	r := reviewer(t, cluster.Config(), review.Options{Now: func() time.Time { return now }})
	token := p.account("leaver")
	p.grant("leaver", rbac.PolicyRule{APIGroups: []string{"majordomo.dev"}, Resources: []string{"agentpools"}, Verbs: []string{"patch"}})
	who, err := r.Token(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	right := access.Subject{Environment: "e", Namespace: p.namespace, Pool: "linux"}.Rights(access.Drain)[0]
	if ok, err := r.May(t.Context(), who, right); !ok || err != nil {
		t.Fatalf("at first: %t, %v", ok, err)
	}
	if err := p.kube.RbacV1().RoleBindings(p.namespace).Delete(t.Context(), "leaver", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := p.kube.CoreV1().ServiceAccounts(p.namespace).Delete(t.Context(), "leaver", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if ok, _ := r.May(t.Context(), who, right); !ok {
		t.Error("the answer is not remembered")
	}
	gone := func() bool { // the authorizer of the API server follows its own watch
		now = now.Add(time.Minute)
		ok, err := r.May(t.Context(), who, right)
		_, login := r.Token(t.Context(), token)
		return !ok && err == nil && errors.Is(login, access.ErrLogin)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); !gone(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("a right, or a token, that is gone still counts a minute later")
		}
	}
}

func TestWhileTheServerIsDownNothingIsAllowed(t *testing.T) {
	answer := http.StatusInternalServerError
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(answer) }))
	r := reviewer(t, &rest.Config{Host: server.URL}, review.Options{})
	person, right := access.Person{Name: "ann"}, access.Subject{Environment: "e"}.Rights(access.View)[0]
	for _, answer = range []int{500, 403, 404, 429, 0} {
		if answer == 0 {
			server.Close()
			answer = 200
		}
		if ok, err := r.May(t.Context(), person, right); ok || err == nil {
			t.Errorf("%d: may %t, %v; want an error", answer, ok, err)
		}
		if who, err := r.Token(t.Context(), secret.New("token")); err == nil || errors.Is(err, access.ErrLogin) || !who.Nobody() {
			t.Errorf("%d: %+v, %v; want an error that is no refusal", answer, who, err)
		}
	}
}

func TestWhoMayNotAskIsToldSo(t *testing.T) {
	p := newPeople(t)
	cfg := rest.CopyConfig(cluster.Config())
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + p.namespace + ":powerless"}
	r := reviewer(t, cfg, review.Options{})
	if _, err := r.Token(t.Context(), p.account("ann")); !errors.Is(err, access.ErrPowerless) || errors.Is(err, access.ErrLogin) {
		t.Errorf("whose a token is: %v, want %v", err, access.ErrPowerless)
	}
	if ok, err := r.May(t.Context(), access.Person{Name: "ann"}, access.Subject{Environment: "e"}.Rights(access.View)[0]); ok || !errors.Is(err, access.ErrPowerless) {
		t.Errorf("may %t, %v, want %v", ok, err, access.ErrPowerless)
	}
}

func TestWhoMayDoItWithAllIsAskedAboutOnce(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		allowed := !strings.Contains(string(body), `"name":`)
		_, _ = fmt.Fprintf(w, `{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","status":{"allowed":%t}}`, allowed)
	}))
	t.Cleanup(server.Close)
	cfg := &rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	r := reviewer(t, cfg, review.Options{})
	for _, env := range []string{"a", "b", "c"} {
		if ok, err := r.May(t.Context(), access.Person{Name: "ann"}, access.Subject{Environment: env}.Rights(access.View)[0]); !ok || err != nil {
			t.Errorf("%s: %t, %v", env, ok, err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
}
