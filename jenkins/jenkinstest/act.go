package jenkinstest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// act answers what is not the remote API.
func (r *request) act() *answer {
	last := len(r.path) - 1
	switch r.path[0] {
	case "queue":
		if len(r.path) == 2 && r.path[1] == "cancelItem" {
			return r.cancelItem()
		}
	case "computer":
		return r.actComputer()
	case "job":
		return r.actJob()
	case "createItem":
		return r.createItem("")
	case "plugin":
		return r.actPlugin()
	case "quietDown", "cancelQuietDown", "safeRestart", "restart":
		return r.actRoot(r.path[0])
	case "me":
		if r.path[last] == "generateNewToken" && r.Method == http.MethodPost {
			return r.generateToken()
		}
	case "api":
		return r.page()
	case "":
		return r.page()
	}
	return r.missing()
}

// page is a page for people, or the way to it.
func (r *request) page() *answer {
	if r.path[len(r.path)-1] != "" {
		return redirect(r.Request, r.URL.EscapedPath()+"/")
	}
	return r.w.page(http.StatusOK, "Jenkins", "A simulated Jenkins.")
}

// post tells whether the request is a POST by somebody with a permission; otherwise it gives the answer.
func (r *request) post(permission string) *answer {
	switch {
	case r.Method != http.MethodPost:
		return r.w.oops(http.StatusMethodNotAllowed, "Method POST required").titled("Method Not Allowed [Jenkins]")
	case !r.who.may(permission):
		return r.w.forbidden(r.Request, r.who, permission)
	}
	return nil
}

func (r *request) actRoot(name string) *answer {
	if a := r.post(Administer); a != nil {
		return a
	}
	switch name {
	case "quietDown":
		r.w.quieting, r.w.reason = true, r.FormValue("message")
	case "cancelQuietDown":
		r.w.quieting, r.w.reason, r.w.restart = false, "", false
	case "safeRestart":
		r.w.safeRestart(r.FormValue("message"))
	case "restart":
		r.w.endAll()
		r.w.safeRestart("")
	}
	return redirect(r.Request, "/")
}

func (r *request) cancelItem() *answer {
	if r.Method != http.MethodPost {
		return r.missing()
	}
	id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
	it := r.w.items[id]
	switch {
	case err != nil || it == nil || !r.sees(it.job):
		return r.w.oops(http.StatusNotFound, "Not Found")
	case !r.who.may(Cancel):
		return r.w.forbidden(r.Request, r.who, Cancel)
	case it.state == left:
		return r.w.oops(http.StatusInternalServerError, "Oops!")
	}
	r.w.cancel(it)
	return newAnswer(http.StatusNoContent, "", nil)
}

// generateToken gives the API token of the account, which must have come with a password.
func (r *request) generateToken() *answer {
	return newAnswer(http.StatusOK, "application/json;charset=utf-8", fmt.Appendf(nil,
		`{"status":"ok","data":{"tokenName":%q,"tokenUuid":"67881fcd-82be-41f9-9c2e-c22e6cadf3d0","tokenValue":%q}}`, r.FormValue("newTokenName"), r.token()))
}

func (r *request) token() string { return r.w.options.Users[r.who.name].Token }

func (r *request) actComputer() *answer {
	rest := r.path[1:]
	switch {
	case len(rest) == 1 && rest[0] == "doCreateItem":
		return r.createNode()
	case len(rest) == 0 || rest[0] == "":
		return r.page()
	}
	n := r.node(rest[0])
	switch {
	case n == nil:
		return r.missing()
	case len(rest) == 1 || rest[1] == "":
		return r.page()
	case len(rest) > 2:
		return r.missing()
	}
	switch rest[1] {
	case "toggleOffline":
		return r.toggle(n)
	case "changeOfflineCause":
		if a := r.post(Disconnect); a != nil {
			return a
		}
		r.w.park(n, cause{class: userCause, text: r.FormValue("offlineMessage")})
		return r.toNode(n)
	case "doDisconnect":
		if a := r.post(Disconnect); a != nil {
			return a
		}
		r.w.kick(n)
		return r.toNode(n)
	case "doDelete":
		return r.deleteNode(n)
	case "config.xml":
		return r.nodeConfig(n)
	case "slave-agent.jnlp":
		return r.jnlp(n)
	case "jenkins-agent.jnlp":
		if newer(r.w.options.Version, 264) {
			return r.jnlp(n)
		}
	}
	return r.missing()
}

func (r *request) toNode(*node) *answer {
	return redirect(r.Request, "/computer/"+url.PathEscape(r.path[1])+"/")
}

// toggle is a real toggle: it takes a node offline or brings it back.
func (r *request) toggle(n *node) *answer {
	permission := Disconnect
	if n.parked != nil {
		permission = Connect
	}
	if a := r.post(permission); a != nil {
		return a
	}
	if n.parked != nil {
		r.w.unpark(n)
	} else {
		r.w.park(n, cause{class: userCause, text: r.FormValue("offlineMessage")})
	}
	return r.toNode(n)
}

func (r *request) deleteNode(n *node) *answer {
	if a := r.post(Delete); a != nil {
		return a
	}
	if n.builtIn {
		return newAnswer(http.StatusBadRequest, "", nil)
	}
	r.w.deleteNode(n)
	return redirect(r.Request, "/computer/")
}

// jnlp tells an agent how to connect, with its secret.
func (r *request) jnlp(n *node) *answer {
	switch {
	case n.ghost || n.builtIn:
		return r.missing()
	case !r.who.may(Connect):
		return r.w.forbidden(r.Request, r.who, Connect)
	}
	args := []string{r.w.secret(n.Name), n.Name}
	if n.Static {
		args = append(args, "-webSocket", "-workDir", n.RemoteFS, "-internalDir", "remoting")
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<jnlp codebase="%[1]scomputer/%[2]s/" spec="1.0+"><information><title>Agent for %[2]s</title><vendor>Jenkins project</vendor>`+
		`<homepage href="https://jenkins-ci.org/"></homepage></information><security><all-permissions></all-permissions></security><resources>`+
		`<j2se version="1.8+"></j2se><jar href="%[1]sjnlpJars/remoting.jar"></jar></resources><application-desc main-class="hudson.remoting.jnlp.Main">`, r.base, url.PathEscape(n.Name))
	for _, a := range append(args, "-url", r.base) {
		b.WriteString("<argument>" + escapeXML(a) + "</argument>")
	}
	b.WriteString("</application-desc></jnlp>")
	return newAnswer(http.StatusOK, "application/x-java-jnlp-file", []byte(b.String()))
}
