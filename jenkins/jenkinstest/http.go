package jenkinstest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"majordomo.dev/jenkins/jenkinstest/stapler"
)

// request is an authenticated request to a Jenkins that is up.
type request struct {
	*http.Request
	w    *world
	who  *caller
	base string   // the URL of Jenkins in answers, with a slash at its end
	set  bool     // that URL is configured, not just that of the request
	path []string // unescaped segments
}

// answer is what Jenkins answers in its phase; nil if it is not there.
func (j *Jenkins) answer(w *world, r *http.Request, f *fault) *answer {
	switch w.phase {
	case refused:
		return nil
	case starting, restarting:
		return unavailable(w.session, w.phase == starting)
	case unauthorized:
		if name, _, ok := r.BasicAuth(); ok {
			return container(r, http.StatusUnauthorized, "Invalid password/token for user: "+name)
		}
	case up:
	}
	who, err := j.authenticate(r, f)
	if err != nil {
		return container(r, http.StatusUnauthorized, err.Error())
	}
	req := &request{Request: r, w: w, who: who}
	req.base, req.set = j.url(r)
	for _, s := range strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/") {
		s, err := url.PathUnescape(s)
		if err != nil {
			return container(r, http.StatusBadRequest, "Bad Request")
		}
		req.path = append(req.path, s)
	}
	return req.serve()
}

// url is the configured URL of Jenkins, otherwise where it listens or was asked.
func (j *Jenkins) url(r *http.Request) (url string, configured bool) {
	switch {
	case j.options.URL != "":
		return strings.TrimSuffix(j.options.URL, "/") + "/", true
	case j.server != nil:
		return j.server.url + "/", true
	}
	return origin(r) + "/", false
}

func (r *request) missing() *answer { return container(r.Request, http.StatusNotFound, "Not Found") }

// serve finds out what is asked for.
func (r *request) serve() *answer {
	switch r.path[0] { // no right is needed
	case "login":
		return r.login()
	case "tcpSlaveAgentListener":
		return r.listener()
	case "whoAmI":
	default:
		if r.Method == http.MethodPost && !r.crumbed() {
			return r.noCrumb()
		}
		if !r.who.may(Read) {
			return r.w.forbidden(r.Request, r.who, Read)
		}
	}
	rest, format := r.api()
	if format != "" {
		return r.remote(rest, format)
	}
	return r.act()
}

// api splits api/json off the end of the path.
func (r *request) api() (rest []string, format string) {
	n := len(r.path)
	if n >= 2 && r.path[n-2] == "api" {
		return r.path[:n-2], r.path[n-1]
	}
	return nil, ""
}

// noCrumb refuses a POST. Whoever has sent a crumb without a session gets one now.
func (r *request) noCrumb() *answer {
	a := container(r.Request, http.StatusForbidden, "No valid crumb was included in the request")
	if r.Header.Get("Jenkins-Crumb") != "" && r.who.session == "" {
		a.header.Set("Set-Cookie", "JSESSIONID="+r.w.newWebSession()+"; Path=/; HttpOnly")
	}
	return a
}

// badTree is a page that was begun as an answer of the API.
func (r *request) badTree(err error) *answer {
	a := r.w.oops(http.StatusInternalServerError, err.Error())
	a.bare = true
	a.header["X-Frame-Options"] = []string{"deny", "sameorigin"}
	a.header.Set("Expires", "0")
	return a
}

// crumbed tells whether a POST is allowed: by a token, or with the crumb of the session.
func (r *request) crumbed() bool {
	return r.who.token || r.who.session != "" && r.Header.Get("Jenkins-Crumb") == r.w.crumb(r.who.session)
}

// remote answers a request to the remote API.
func (r *request) remote(rest []string, format string) *answer {
	o, failed := r.object(rest)
	switch {
	case failed != nil:
		return failed
	case o == nil:
		return r.missing()
	case format == "xml" && len(rest) == 1 && rest[0] == "crumbIssuer":
		return r.ofAPI(r.crumbXML())
	case format != "json":
		return r.missing()
	}
	q := r.URL.Query()
	if q.Get("jsonp") != "" {
		return container(r.Request, http.StatusForbidden, "jsonp forbidden; implement jenkins.security.SecureRequester")
	}
	depth, _ := strconv.Atoi(q.Get("depth"))
	pruner := stapler.Depth(depth)
	if tree := q.Get("tree"); tree != "" {
		var err error
		if pruner, err = stapler.Tree(tree); err != nil {
			return r.badTree(err)
		}
	}
	r.w.memo = newMemo(r.w)
	body := stapler.JSON(o, pruner)
	r.w.memo = nil
	return r.ofAPI(newAnswer(http.StatusOK, "application/json;charset=utf-8", body))
}

// ofAPI adds the headers of answers of the API.
func (r *request) ofAPI(a *answer) *answer {
	a.header.Set("X-Jenkins", r.w.options.Version)
	a.header.Set("X-Jenkins-Session", r.w.session)
	a.header.Set("X-Frame-Options", "deny")
	if r.who.fresh {
		a.header.Set("Set-Cookie", "JSESSIONID="+r.who.session+"; Path=/; HttpOnly")
		a.header.Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
	}
	return a
}

// object finds what a path of the API names; nil if there is no such thing, or none that may be seen.
func (r *request) object(path []string) (*stapler.Object, *answer) {
	if len(path) == 0 {
		return r.root(), nil
	}
	switch name, rest := path[0], path[1:]; name {
	case "queue":
		return r.queueObject(rest), nil
	case "computer":
		return r.computerObject(rest), nil
	case "label":
		return r.labelPath(rest), nil
	case "job":
		return r.jobPath(path), nil
	case "overallLoad", "unlabeledLoad":
		if len(rest) == 0 {
			return r.load(name), nil
		}
	case "whoAmI":
		if len(rest) == 0 {
			return r.whoAmI(), nil
		}
	case "crumbIssuer":
		if len(rest) == 0 {
			return r.crumbIssuer(), nil
		}
	case "pluginManager":
		if !r.who.may(Administer) {
			return nil, r.w.forbidden(r.Request, r.who, Administer)
		}
		return r.plugins(), nil
	}
	return nil, nil
}

func (r *request) login() *answer {
	return r.w.page(http.StatusOK, "Sign in [Jenkins]", "Welcome to Jenkins!")
}

func (r *request) listener() *answer {
	a := newAnswer(http.StatusOK, "text/plain;charset=utf-8", []byte("\n\n\n  Jenkins"))
	a.header.Set("X-Hudson-JNLP-Port", "50000")
	a.header.Set("X-Jenkins-JNLP-Port", "50000")
	a.header.Set("X-Instance-Identity", identity)
	a.header.Set("X-Jenkins-Agent-Protocols", "JNLP4-connect, Ping")
	a.header.Set("X-Remoting-Minimum-Version", "3.14")
	return a
}
