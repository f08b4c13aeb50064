package notify

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/notice"
)

// post is a mail server that speaks SMTP as RFC 5321 has it, with STARTTLS and login.
type post struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config
	ca       []byte
	implicit bool
	offers   []string          // extensions, in the clear
	secure   []string          // extensions, under TLS
	replies  map[string]string // instead of the usual ones, by the first word of the command

	mu      sync.Mutex
	letters []envelope
}

type envelope struct {
	from string
	to   []string
	data string
	auth string
	tls  bool
}

func newPost(t *testing.T, change func(*post)) *post {
	t.Helper()
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	p := &post{
		t: t, tls: &tls.Config{Certificates: certificates.TLS.Certificates, MinVersion: tls.VersionTLS12}, offers: []string{"STARTTLS", "8BITMIME"}, secure: []string{"AUTH PLAIN LOGIN"},
		ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificates.Certificate().Raw}), replies: map[string]string{},
	}
	if change != nil {
		change(p)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.listener = l
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); open.Wait() })
	return p
}

// talk is a conversation with one client.
type talk struct {
	*post
	conn net.Conn
	in   *bufio.Reader
	envelope
}

// serve speaks with one client.
func (p *post) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if p.implicit {
		c = tls.Server(c, p.tls)
	}
	k := &talk{post: p, conn: c, in: bufio.NewReader(c), envelope: envelope{tls: p.implicit}}
	k.say("220 mail.example ESMTP")
	for {
		line, err := k.in.ReadString('\n')
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if reply := p.replies[word]; reply != "" {
			k.say("%s", reply)
			continue
		}
		if k.answer(word, rest); word == "QUIT" {
			return
		}
	}
}

func (k *talk) say(format string, args ...any) { _, _ = fmt.Fprintf(k.conn, format+"\r\n", args...) }

func (k *talk) answer(word, rest string) {
	switch word {
	case "EHLO":
		k.say("250-mail.example greets you")
		offers := k.offers
		if k.envelope.tls {
			offers = k.secure
		}
		for _, o := range offers {
			k.say("250-%s", o)
		}
		k.say("250 SIZE 1000000")
	case "STARTTLS":
		k.say("220 go ahead")
		k.conn = tls.Server(k.conn, k.post.tls)
		k.in, k.envelope.tls = bufio.NewReader(k.conn), true
	case "AUTH":
		k.login(rest)
	case "MAIL":
		k.from = rest
		k.say("250 ok")
	case "RCPT":
		k.to = append(k.to, rest)
		k.say("250 ok")
	case "DATA":
		k.say("354 go on")
		k.data = dotted(k.in)
		k.mu.Lock()
		k.letters = append(k.letters, k.envelope)
		k.mu.Unlock()
		k.say("250 queued")
	case "QUIT":
		k.say("221 bye")
	default:
		k.say("502 what is %s", word)
	}
}

func (k *talk) login(rest string) {
	method, first, _ := strings.Cut(rest, " ")
	if method == "LOGIN" {
		k.say("334 %s", base64.StdEncoding.EncodeToString([]byte("Username:")))
		user, _ := k.in.ReadString('\n')
		k.say("334 %s", base64.StdEncoding.EncodeToString([]byte("Password:")))
		password, _ := k.in.ReadString('\n')
		k.auth = decoded(user) + "\x00" + decoded(password)
	} else {
		k.auth = decoded(first)
	}
	k.say("235 welcome")
}

func decoded(text string) string {
	b, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return string(b)
}

// dotted reads up to the line that is a dot.
func dotted(in *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

// sink returns a sink that sends letters there.
func (p *post) sink(change func(*config.Mail)) (Place, config.Notification) {
	p.t.Helper()
	n := config.Notification{Name: "ops", Kind: config.Email, CA: "ca.crt", Mail: config.Mail{
		Server: p.listener.Addr().String(), TLS: config.StartTLS, From: "majordomo@acme.example", To: []string{"ops@acme.example", "oncall@acme.example"},
		Username: "majordomo", Password: "password",
	}}
	if change != nil {
		change(&n.Mail)
	}
	return placeOf(p.t, map[string]string{"ca.crt": string(p.ca), "password": "canary-password"}), n
}

func TestALetterIsHandedOverUnderTLSAfterLogin(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*post)
		sink   func(*config.Mail)
		auth   string
	}{
		"STARTTLS and PLAIN":       {nil, nil, "\x00majordomo\x00canary-password"},
		"STARTTLS and LOGIN":       {func(p *post) { p.secure = []string{"AUTH LOGIN"} }, nil, "majordomo\x00canary-password"},
		"TLS from the start":       {func(p *post) { p.implicit = true }, func(m *config.Mail) { m.TLS = config.ImplicitTLS }, "\x00majordomo\x00canary-password"},
		"without login":            {nil, func(m *config.Mail) { m.Username, m.Password = "", "" }, ""},
		"on the machine, in clear": {nil, func(m *config.Mail) { m.TLS, m.Username, m.Password = config.NoTLS, "", "" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, test.server)
			place, n := p.sink(test.sink)
			if err := place.Send(soon(t), n, notice.Item{Message: message()}); err != nil {
				t.Fatal(err)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			e := p.letters[0]
			if e.from != "FROM:<majordomo@acme.example> BODY=8BITMIME" && e.from != "FROM:<majordomo@acme.example>" ||
				strings.Join(e.to, " ") != "TO:<ops@acme.example> TO:<oncall@acme.example>" || e.auth != test.auth || e.tls != (n.Mail.TLS != config.NoTLS) {
				t.Errorf("envelope %+v", e)
			}
			checkLetter(t, e.data)
		})
	}
}

func checkLetter(t *testing.T, data string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "[majordomo] gke: failed" {
		t.Errorf("subject %q, %v", subject, err)
	}
	for name, want := range map[string]string{
		"From": "Majordomo <majordomo@acme.example>", "To": "ops@acme.example, oncall@acme.example", "Date": "Mon, 02 Mar 2026 12:00:00 +0000",
		"Content-Type": "text/plain; charset=utf-8", "Auto-Submitted": "auto-generated",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	want := "gke: failed\r\n\r\n" + hostile + "\r\n\r\nCommit: " + strings.Repeat("a", 40) + "\r\n\r\nhttps://majordomo.example.com/environments/gke\r\n"
	if err != nil || string(body) != want {
		t.Errorf("body %q, want %q", body, want)
	}
}

func TestWhatIsInALetterBringsNoFurtherHeader(t *testing.T) {
	m := message()
	m.Title = "gke: failed\r\nBcc: victim@example.com\r\n\r\nbody é"
	m.Text = "text\r\n.\r\nMAIL FROM:<evil@example.com>"
	data := string(letter(config.Mail{From: "majordomo@acme.example", To: []string{"ops@acme.example"}}, m, "", noon))
	read, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if read.Header.Get("Bcc") != "" || len(read.Header) != 10 {
		t.Errorf("header %v", read.Header)
	}
	p := newPost(t, nil)
	place, n := p.sink(nil)
	if err := place.Send(soon(t), n, notice.Item{Message: m}); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.letters) != 1 || len(p.letters[0].to) != 2 {
		t.Errorf("letters %+v", p.letters)
	}
}

func TestAnswersOfMailServers(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*post)
		sink   func(*config.Mail)
		want   string
		final  bool
	}{
		"no STARTTLS":           {func(p *post) { p.offers = nil }, nil, "the server does not offer STARTTLS, without which nothing is sent", true},
		"login refused":         {func(p *post) { p.replies["AUTH"] = "535 5.7.8 canary-password is wrong" }, nil, `log in: 535 "5.7.8 REDACTED is wrong"`, true},
		"no login known":        {func(p *post) { p.secure = []string{"AUTH XOAUTH2"} }, nil, "the server takes neither PLAIN nor LOGIN", true},
		"greylisted":            {func(p *post) { p.replies["RCPT"] = "451 4.7.1 try again later" }, nil, `recipient ops@acme.example: 451 "4.7.1 try again later"`, false},
		"no such mailbox":       {func(p *post) { p.replies["RCPT"] = "550 5.1.1 no such user" }, nil, `recipient ops@acme.example: 550 "5.1.1 no such user"`, true},
		"sender refused":        {func(p *post) { p.replies["MAIL"] = "553 5.7.1 not yours" }, nil, `sender majordomo@acme.example: 553 "5.7.1 not yours"`, true},
		"letter refused":        {func(p *post) { p.replies["DATA"] = "554 5.6.0 no" }, nil, `554 "5.6.0 no"`, true},
		"nobody vouches for it": {nil, func(m *config.Mail) { m.Server = strings.Replace(m.Server, "127.0.0.1", "localhost", 1) }, "certificate", false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, test.server)
			place, n := p.sink(test.sink)
			place.Hosts = append(place.Hosts, "localhost")
			err := place.Send(soon(t), n, notice.Item{Message: message()})
			noCanary(t, err)
			if !strings.Contains(err.Error(), test.want) || permanent(err) != test.final {
				t.Errorf("error %q, final %v; want %q, final %v", err, permanent(err), test.want, test.final)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.letters) > 0 {
				t.Error("a letter was taken")
			}
		})
	}
}

func TestAMailServerThatIsDownIsTriedAgain(t *testing.T) {
	p := newPost(t, nil)
	place, n := p.sink(nil)
	_ = p.listener.Close()
	if err := place.Send(soon(t), n, notice.Item{Message: message()}); err == nil || permanent(err) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error %v, want one that is tried again", err)
	}
}
