package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
)

var sha = strings.Repeat("5", 40)

// commits returns a sink that marks commits at the service.
func (s *service) commits(kind, repository string) (Place, config.Notification) {
	s.t.Helper()
	p := s.place(map[string]string{"token": "canary-token-of-the-api"})
	return p, config.Notification{Name: "commits", Kind: kind, CA: "ca.crt", Commits: config.Commits{API: s.URL, Repository: repository, Token: "token"}}
}

func TestCommitStatusOfEachProvider(t *testing.T) {
	created := reply{201, nil, `{"id": 1}`}
	long := strings.Repeat("x", 300)
	link := "https://majordomo.example.com/environments/gke"
	for name, test := range map[string]struct {
		kind, repository string
		state            notice.MarkState
		uri              string
		header           map[string]string
		want             object
	}{
		"github": {
			config.GitHub, "acme/fleet", notice.Failure, "/repos/acme/fleet/statuses/" + sha,
			map[string]string{"Authorization": "Bearer canary-token-of-the-api", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
			object{"state": "failure", "context": "majordomo/gke", "description": long[:137] + "…", "target_url": link},
		},
		"github pending":   {config.GitHub, "acme/fleet", notice.Pending, "/repos/acme/fleet/statuses/" + sha, nil, object{"state": "pending", "context": "majordomo/gke", "description": long[:137] + "…", "target_url": link}},
		"github overtaken": {config.GitHub, "acme/fleet", notice.Overtook, "/repos/acme/fleet/statuses/" + sha, nil, object{"state": "error", "context": "majordomo/gke", "description": long[:137] + "…", "target_url": link}},
		"gitlab": {
			config.GitLab, "acme/ops/fleet", notice.Pending, "/api/v4/projects/acme%2Fops%2Ffleet/statuses/" + sha,
			map[string]string{"Private-Token": "canary-token-of-the-api"},
			object{"state": "running", "name": "majordomo/gke", "description": long[:252] + "…", "target_url": link},
		},
		"gitlab failure": {config.GitLab, "42", notice.Failure, "/api/v4/projects/42/statuses/" + sha, nil, object{"state": "failed", "name": "majordomo/gke", "description": long[:252] + "…", "target_url": link}},
		"gitlab success": {config.GitLab, "42", notice.Success, "/api/v4/projects/42/statuses/" + sha, nil, object{"state": "success", "name": "majordomo/gke", "description": long[:252] + "…", "target_url": link}},
		"gitea": {
			config.Gitea, "acme/fleet", notice.Success, "/api/v1/repos/acme/fleet/statuses/" + sha,
			map[string]string{"Authorization": "token canary-token-of-the-api"},
			object{"state": "success", "context": "majordomo/gke", "description": long[:252] + "…", "target_url": link},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, created)
			p, n := s.commits(test.kind, test.repository)
			if err := p.Send(t.Context(), n, notice.Item{Mark: &notice.Mark{Environment: "gke", Revision: sha, State: test.state, Text: long}}); err != nil {
				t.Fatal(err)
			}
			var got any
			r := s.last(&got)
			if diff := cmp.Diff(any(test.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if r.uri != test.uri || r.method != "POST" {
				t.Errorf("%s %s, want POST %s", r.method, r.uri, test.uri)
			}
			for name, want := range test.header {
				if got := r.header.Get(name); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
		})
	}
}

func TestAnswersOfTheProviders(t *testing.T) {
	reset := map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1772452890"}
	for name, test := range map[string]struct {
		kind   string
		answer reply
		want   string
		final  bool
		after  time.Duration
	}{
		"github, token refused":    {config.GitHub, reply{401, nil, `{"message":"Bad credentials","status":"401"}`}, "401 Unauthorized: {\"message\":\"Bad credentials\"", true, 0},
		"github, no such thing":    {config.GitHub, reply{404, nil, `{"message":"Not Found"}`}, "404 Not Found", true, 0},
		"github, no commit":        {config.GitHub, reply{422, nil, `{"message":"No commit found for SHA: 5"}`}, "422 Unprocessable Entity", true, 0},
		"github, no right":         {config.GitHub, reply{403, nil, `{"message":"Resource not accessible by personal access token"}`}, "not accessible", true, 0},
		"github, primary limit":    {config.GitHub, reply{403, reset, `{"message":"API rate limit exceeded"}`}, "rate limit", false, 90 * time.Second},
		"github, secondary limit":  {config.GitHub, reply{403, map[string]string{"Retry-After": "60"}, `{"message":"You have exceeded a secondary rate limit"}`}, "secondary", false, time.Minute},
		"gitlab, state is set":     {config.GitLab, reply{400, nil, `{"message":"Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")"}`}, "", false, 0},
		"gitlab, bad request":      {config.GitLab, reply{400, nil, `{"message":"400 Bad request - state is invalid"}`}, "state is invalid", true, 0},
		"gitlab, token refused":    {config.GitLab, reply{401, nil, `{"message":"401 Unauthorized"}`}, "401", true, 0},
		"gitea, repository locked": {config.Gitea, reply{403, nil, `{"message":"user should have a permission to write to a repo"}`}, "permission", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answer)
			p, n := s.commits(test.kind, "acme/fleet")
			err := p.Send(t.Context(), n, notice.Item{Mark: &notice.Mark{Environment: "gke", Revision: sha, State: notice.Pending}})
			if test.want == "" && err == nil {
				return
			}
			f, ok := err.(*failure) //nolint:errorlint // it is what callers get
			if !ok || test.want == "" || !strings.Contains(f.text, test.want) || f.final != test.final || f.after != test.after {
				t.Errorf("error %+v, want %q, final %v, after %s", err, test.want, test.final, test.after)
			}
		})
	}
}
