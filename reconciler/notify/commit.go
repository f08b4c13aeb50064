package notify

import (
	"bytes"
	"net/http"
	"net/url"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/status"
)

// The longest texts that the providers take.
const (
	mostGitHub = 140
	mostGitLab = 255 // of description and URL
	mostGitea  = 255
)

// contextOf is the name under which a commit has its status.
func contextOf(m notice.Mark) string {
	if m.Environment == "" {
		return "majordomo"
	}
	return "majordomo/" + m.Environment
}

// commit returns the request that marks a commit.
func (p Place) commit(n config.Notification, m notice.Mark) (call, error) {
	token, err := p.secret(n.Commits.Token)
	if err != nil {
		return call{}, err
	}
	c, link := call{hide: []string{token.Reveal()}}, p.link(m.Environment, "")
	switch n.Kind {
	case config.GitHub:
		states := map[notice.MarkState]string{notice.Pending: "pending", notice.Success: "success", notice.Failure: "failure", notice.Overtook: "error"}
		c.url = n.Commits.API + "/repos/" + n.Commits.Repository + "/statuses/" + url.PathEscape(m.Revision)
		c.header = map[string]string{"Authorization": "Bearer " + token.Reveal(), "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
		c.body = mark(object{"state": states[m.State], "context": contextOf(m), "description": status.Clean(m.Text, mostGitHub)}, link)
	case config.GitLab:
		states := map[notice.MarkState]string{notice.Pending: "running", notice.Success: "success", notice.Failure: "failed", notice.Overtook: "canceled"}
		c.url = n.Commits.API + "/api/v4/projects/" + url.PathEscape(n.Commits.Repository) + "/statuses/" + url.PathEscape(m.Revision)
		c.header = map[string]string{"Private-Token": token.Reveal()}
		if len(link) > mostGitLab {
			link = ""
		}
		c.body = mark(object{"state": states[m.State], "name": contextOf(m), "description": status.Clean(m.Text, mostGitLab)}, link)
	case config.Gitea:
		states := map[notice.MarkState]string{notice.Pending: "pending", notice.Success: "success", notice.Failure: "failure", notice.Overtook: "warning"}
		c.url = n.Commits.API + "/api/v1/repos/" + n.Commits.Repository + "/statuses/" + url.PathEscape(m.Revision)
		c.header = map[string]string{"Authorization": "token " + token.Reveal()}
		c.body = mark(object{"state": states[m.State], "context": contextOf(m), "description": status.Clean(m.Text, mostGitea)}, link)
	}
	return c, nil
}

func mark(body object, link string) object {
	if link != "" {
		body["target_url"] = link
	}
	return body
}

// gitlabAnswer judges an answer of GitLab, which refuses to set a state that is set already.
func gitlabAnswer(a answer, now time.Time) error {
	if a.status == http.StatusBadRequest && bytes.Contains(a.body, []byte("Cannot transition status")) {
		return nil
	}
	return a.judge(now)
}
