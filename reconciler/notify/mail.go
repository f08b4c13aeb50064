package notify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
	"majordomo.dev/reconciler/secret"
	"majordomo.dev/reconciler/status"
)

// mail sends a message as a letter.
func (p Place) mail(ctx context.Context, n config.Notification, m notice.Message, ca []byte) error {
	var password secret.String
	if n.Mail.Password != "" {
		var err error
		if password, err = p.secret(n.Mail.Password); err != nil {
			return &failure{text: err.Error(), final: true}
		}
	}
	err := deliverMail(ctx, n.Mail, password, ca, letter(n.Mail, m, p.link(m.Environment, m.Pool), p.now()))
	if err == nil {
		return nil
	}
	text := err.Error()
	if !password.IsZero() {
		text = strings.ReplaceAll(text, password.Reveal(), secret.Redacted)
	}
	var reply *textproto.Error
	var own *failure
	final := refused(err) || errors.As(err, &own) && own.final || errors.As(err, &reply) && reply.Code >= 500
	return &failure{text: status.Clean(n.Mail.Server+": "+text, 300), final: final}
}

// deliverMail speaks SMTP: greeting, STARTTLS, login, letter.
func deliverMail(ctx context.Context, to config.Mail, password secret.String, ca, letter []byte) error {
	host, _, err := net.SplitHostPort(to.Server)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, "tcp", to.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if at, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(at); err != nil {
			return err
		}
	}
	if to.TLS == config.ImplicitTLS {
		conn = tls.Client(conn, secure(ca, host))
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if to.TLS == config.StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return finally("the server does not offer STARTTLS, without which nothing is sent; where it speaks TLS from the start, set tls: implicit")
		}
		if err := c.StartTLS(secure(ca, host)); err != nil {
			return err
		}
	}
	if to.Username != "" {
		if err := login(c, host, to.Username, password); err != nil {
			return fmt.Errorf("log in: %w", err)
		}
	}
	if err := hand(c, to, letter); err != nil {
		return err
	}
	_ = c.Quit() // the letter was taken
	return nil
}

// hand gives the letter to the server.
func hand(c *smtp.Client, to config.Mail, letter []byte) error {
	if err := c.Mail(to.From); err != nil {
		return fmt.Errorf("sender %s: %w", to.From, err)
	}
	for _, address := range to.To {
		if err := c.Rcpt(address); err != nil {
			return fmt.Errorf("recipient %s: %w", address, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter); err != nil {
		return err
	}
	return w.Close()
}

// login logs in by whichever of PLAIN and LOGIN the server knows.
func login(c *smtp.Client, host, user string, password secret.String) error {
	ok, known := c.Extension("AUTH")
	methods := strings.Fields(strings.ToUpper(known))
	has := func(method string) bool {
		for _, m := range methods {
			if m == method {
				return true
			}
		}
		return false
	}
	switch {
	case ok && has("PLAIN"):
		return c.Auth(smtp.PlainAuth("", user, password.Reveal(), host))
	case ok && has("LOGIN"):
		return c.Auth(&loginAuth{user: user, password: password})
	}
	return finally("the server takes neither PLAIN nor LOGIN")
}

// loginAuth is AUTH LOGIN, which some servers offer alone: user and password, each when asked.
type loginAuth struct {
	user     string
	password secret.String
	asked    int
}

// Start begins, on a safe connection only.
func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !config.Loopback(server.Name) {
		return "", nil, finally("the connection is not encrypted, so the password is not sent")
	}
	return "LOGIN", nil, nil
}

// Next answers the server's questions.
func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	a.asked++
	switch a.asked {
	case 1:
		return []byte(a.user), nil
	case 2:
		return []byte(a.password.Reveal()), nil
	}
	return nil, finally("the server asks for more than user and password")
}

// letter writes the message down as RFC 5322 has it. What came from outside is encoded, so it brings no further header.
func letter(to config.Mail, m notice.Message, link string, now time.Time) []byte {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(to.From, "@")
	head := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	head("From", "Majordomo <"+to.From+">")
	head("To", strings.Join(to.To, ", "))
	head("Date", now.Format(time.RFC1123Z))
	head("Message-ID", "<"+rand.Text()+"@"+domain+">")
	head("Subject", mime.QEncoding.Encode("utf-8", status.Clean("[majordomo] "+m.Title, 200)))
	head("MIME-Version", "1.0")
	head("Content-Type", "text/plain; charset=utf-8")
	head("Content-Transfer-Encoding", "quoted-printable")
	head("Auto-Submitted", "auto-generated")
	head("X-Auto-Response-Suppress", "All")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	fmt.Fprintf(w, "%s\r\n\r\n%s\r\n", m.Title, m.Text)
	if m.Revision != "" {
		fmt.Fprintf(w, "\r\nCommit: %s\r\n", status.Clean(m.Revision, 64))
	}
	if link != "" {
		fmt.Fprintf(w, "\r\n%s\r\n", link)
	}
	_ = w.Close() // a buffer takes everything
	return b.Bytes()
}
