package jenkinstest

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// answer is a response that is not written yet.
type answer struct {
	status int
	header http.Header
	body   []byte
	bare   bool   // without Date, as what the container answers itself
	stream stream // instead of body
	half   func() // what happens in the middle of the body
}

const (
	jetty    = "Jetty(9.4.33.v20201020)"
	htmlType = "text/html;charset=utf-8"
	identity = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAy"
)

func newAnswer(status int, contentType string, body []byte) *answer {
	a := &answer{status: status, header: http.Header{}, body: body}
	a.header.Set("X-Content-Type-Options", "nosniff")
	a.header.Set("Server", jetty)
	if contentType != "" {
		a.header.Set("Content-Type", contentType)
	}
	return a
}

// container is an error page of the servlet container: without X-Jenkins.
func container(r *http.Request, status int, message string) *answer {
	body := fmt.Sprintf(`<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<title>Error %[1]d %[2]s</title>
</head>
<body><h2>HTTP ERROR %[1]d %[2]s</h2>
<table>
<tr><th>URI:</th><td>%[3]s</td></tr>
<tr><th>STATUS:</th><td>%[1]d</td></tr>
<tr><th>MESSAGE:</th><td>%[2]s</td></tr>
<tr><th>SERVLET:</th><td>Stapler</td></tr>
</table>
<hr><a href="https://eclipse.org/jetty">Powered by Jetty:// 9.4.33.v20201020</a><hr/>

</body>
</html>
`, status, html.EscapeString(message), html.EscapeString(r.URL.Path))
	a := newAnswer(status, "text/html;charset=iso-8859-1", []byte(body))
	a.bare = true
	a.header.Set("Cache-Control", "must-revalidate,no-cache,no-store")
	if status == http.StatusUnauthorized {
		a.header.Set("WWW-Authenticate", `Basic realm="Jenkins"`)
	}
	return a
}

// identify adds what pages of Jenkins say of it.
func (a *answer) identify(w *world) {
	a.header.Set("X-Hudson", "1.395")
	a.header.Set("X-Jenkins", w.options.Version)
	a.header.Set("X-Jenkins-Session", w.session)
	a.header.Set("X-Hudson-CLI-Port", "50000")
	a.header.Set("X-Jenkins-CLI-Port", "50000")
	a.header.Set("X-Jenkins-CLI2-Port", "50000")
}

// page is a page of Jenkins itself, with a session of its own.
func (w *world) page(status int, title, text string) *answer {
	body := fmt.Sprintf(`

  <!DOCTYPE html><html class=""><head resURL="/static/%[1]s" data-rooturl="" data-resurl="/static/%[1]s"><title>%[2]s</title></head><body><div id="main-panel"><h1>%[2]s</h1><p>%[3]s</p></div></body></html>`,
		w.session, html.EscapeString(title), html.EscapeString(text))
	a := newAnswer(status, htmlType, []byte(body))
	a.identify(w)
	a.header.Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
	a.header.Set("Cache-Control", "no-cache,no-store,must-revalidate")
	a.header.Set("X-Frame-Options", "sameorigin")
	a.header.Set("X-Instance-Identity", identity)
	a.header.Set("Set-Cookie", "JSESSIONID="+w.newWebSession()+"; Path=/; HttpOnly")
	return a
}

// titled gives a page another title.
func (a *answer) titled(title string) *answer {
	_, rest, _ := bytes.Cut(a.body, []byte("</title>"))
	a.body = append([]byte("<!DOCTYPE html><html><head><title>"+title+"</title>"), rest...)
	return a
}

// oops is an error page of Jenkins; with an error text it has the header X-Error.
func (w *world) oops(status int, text string) *answer {
	a := w.page(status, "Jenkins [Jenkins]", text)
	a.header.Set("X-Hudson-Theme", "default")
	a.header.Set("Referrer-Policy", "same-origin")
	a.header.Set("Cross-Origin-Opener-Policy", "same-origin")
	switch status {
	case http.StatusBadRequest:
		a.header.Set("X-Error", text)
	case http.StatusMethodNotAllowed:
		a.header.Set("Allow", "POST")
	}
	return a
}

// forbidden is what somebody gets who lacks a permission: anonymous callers a page that leads to the login.
func (w *world) forbidden(r *http.Request, c *caller, permission string) *answer {
	var a *answer
	if c.anonymous {
		login := "/login?from=" + url.QueryEscape(r.URL.Path)
		a = newAnswer(http.StatusForbidden, htmlType, fmt.Appendf(nil,
			"<html><head><meta http-equiv='refresh' content='1;url=%[1]s'/><script>window.location.replace('%[1]s');</script></head>"+
				"<body style='background-color:white; color:white;'>\n\n\nAuthentication required\n<!--\nYou are authenticated as: anonymous\n"+
				"Groups that you are in:\n  \nPermission you need to have (but didn't): %[2]s\n%[3]s-->\n\n</body></html>%[4]s",
			html.EscapeString(login), permission, impliedLines(permission), strings.Repeat(" ", 300)))
		a.identify(w)
		a.header.Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
		a.header.Set("Set-Cookie", "JSESSIONID="+w.newWebSession()+"; Path=/; HttpOnly")
	} else {
		a = w.oops(http.StatusForbidden, c.name+" is missing the "+permission+" permission").titled("Jenkins")
	}
	a.header.Set("X-You-Are-Authenticated-As", c.name)
	a.header.Set("X-You-Are-In-Group-Disabled", "JENKINS-39402: use -Dhudson.security.AccessDeniedException2.REPORT_GROUP_HEADERS=true or use /whoAmI to diagnose")
	a.header.Set("X-Required-Permission", permission)
	for _, p := range implied[permission] {
		a.header.Add("X-Permission-Implied-By", p)
	}
	return a
}

func impliedLines(permission string) string {
	var b strings.Builder
	for _, p := range implied[permission] {
		b.WriteString(" ... which is implied by: " + p + "\n")
	}
	return b.String()
}

// unavailable is what Jenkins shows while it restarts or starts.
func unavailable(session string, starts bool) *answer {
	title, text := "Restarting Jenkins", "Please wait while Jenkins is restarting"
	if starts {
		title, text = "Starting Jenkins", "Please wait while Jenkins is getting ready to work"
	}
	a := newAnswer(http.StatusServiceUnavailable, htmlType, fmt.Appendf(nil,
		"\n    \n    \n    <!DOCTYPE html><html lang=\"en\"><head resURL=\"/static/%[1]s\" data-rooturl=\"\"><title>%[2]s</title></head><body>"+
			"<div class=\"simple-page\" role=\"main\"><h1 class=\"loading\">%[3]s<span>.</span></h1><p>Your browser will reload automatically when Jenkins is ready.</div></body></html>",
		session, title, text))
	a.header.Set("Expires", "0")
	a.header.Set("Cache-Control", "no-cache,no-store,must-revalidate")
	return a
}

// redirect leads to a path of the host that was asked.
func redirect(r *http.Request, to string) *answer {
	a := newAnswer(http.StatusFound, "", nil)
	a.header.Set("Location", origin(r)+to)
	return a
}

func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
