package jenkinstest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// User is an account.
type User struct {
	Password string
	Token    string // of the API
	// Permissions by their names in Jenkins, such as hudson.model.Item.Read. hudson.model.Hudson.Administer implies all others.
	Permissions []string
}

// Permissions.
const (
	Administer = "hudson.model.Hudson.Administer"
	Read       = "hudson.model.Hudson.Read"
	JobRead    = "hudson.model.Item.Read"
	JobBuild   = "hudson.model.Item.Build"
	Cancel     = "hudson.model.Item.Cancel"
	JobConfig  = "hudson.model.Item.Configure"
	Create     = "hudson.model.Computer.Create"
	Delete     = "hudson.model.Computer.Delete"
	Connect    = "hudson.model.Computer.Connect"
	Disconnect = "hudson.model.Computer.Disconnect"
	Configure  = "hudson.model.Computer.Configure"
)

// Users are the accounts that there are by default, each with the password NAMEpw: admin may do anything; scaler has the rights that suffice to
// run a fleet; reader may read jobs; sysread may read the settings of nodes besides; noone may read Jenkins and nothing in it; agents may
// add swarm agents.
func Users() map[string]User {
	users := map[string]User{
		"admin":   {Permissions: []string{Administer}},
		"scaler":  {Permissions: []string{Read, JobRead, Create, Delete, Connect, Disconnect}},
		"reader":  {Permissions: []string{Read, JobRead}},
		"sysread": {Permissions: []string{Read, JobRead, "hudson.model.Computer.ExtendedRead"}},
		"noone":   {Permissions: []string{Read}},
		"agents":  {Permissions: []string{Read, Create, Connect}},
	}
	for name, u := range users {
		u.Password = name + "pw"
		u.Token = fmt.Sprintf("token-of-%s-%s", name, strings.Repeat("0", 24-len(name)))
		users[name] = u
	}
	return users
}

// Credentials are a user's name and API token.
func (j *Jenkins) Credentials(user string) (name, token string) {
	u, ok := j.options.Users[user]
	if !ok {
		panic(fmt.Sprintf("there is no user %q", user))
	}
	return user, u.Token
}

// implied are the permissions that imply another one, as Jenkins's headers list them.
var implied = map[string][]string{
	Read:       {"hudson.security.Permission.GenericRead", Administer},
	JobRead:    {"hudson.security.Permission.GenericRead", Administer},
	JobBuild:   {"hudson.security.Permission.GenericUpdate", "hudson.security.Permission.GenericWrite", Administer},
	Cancel:     {"hudson.security.Permission.GenericUpdate", "hudson.security.Permission.GenericWrite", Administer},
	JobConfig:  {"hudson.security.Permission.GenericConfigure", "hudson.security.Permission.GenericUpdate", "hudson.security.Permission.GenericWrite", Administer},
	Create:     {"hudson.security.Permission.GenericCreate", "hudson.security.Permission.GenericWrite", Administer},
	Delete:     {"hudson.security.Permission.GenericDelete", "hudson.security.Permission.GenericWrite", Administer},
	Connect:    {Disconnect, Administer},
	Disconnect: {Administer},
	Configure:  {"hudson.security.Permission.GenericConfigure", "hudson.security.Permission.GenericUpdate", "hudson.security.Permission.GenericWrite", Administer},
}

// caller is who asks, and how.
type caller struct {
	name      string // "anonymous"
	anonymous bool
	token     bool // needs no crumb
	all       bool
	rights    []string
	session   string // the web session that the crumb belongs to
	fresh     bool   // that session has just begun
}

func (c *caller) may(permission string) bool {
	return c.all || slices.Contains(c.rights, Administer) || slices.Contains(c.rights, permission) ||
		permission == Connect && slices.Contains(c.rights, Disconnect)
}

// authenticate tells who asks; an error is a 401.
func (j *Jenkins) authenticate(r *http.Request, f *fault) (*caller, error) {
	c := &caller{name: "anonymous", anonymous: true, all: j.options.Open}
	if cookie, err := r.Cookie("JSESSIONID"); err == nil {
		c.session = cookie.Value
	}
	if f.is(Anonymous) {
		c.rights = []string{Read}
		return c, nil
	}
	name, secret, ok := r.BasicAuth()
	if !ok || j.options.Open {
		return c, nil
	}
	u, known := j.options.Users[name]
	if !known || secret == "" || secret != u.Token && secret != u.Password || f.is(TokenRevoked) {
		return nil, fmt.Errorf("Invalid password/token for user: %s", name) //nolint:staticcheck // Jenkins's own words
	}
	c.name, c.anonymous, c.token, c.rights = name, false, secret == u.Token, u.Permissions
	if f.is(NoJobRead) {
		c.rights = slices.DeleteFunc(slices.Clone(c.rights), func(p string) bool { return p == JobRead || p == Administer })
	}
	return c, nil
}

// newWebSession is the value of a cookie of a new web session.
func (w *world) newWebSession() string {
	return fmt.Sprintf("node0%016x%016x.node0", w.chance.Uint64(), w.chance.Uint64())
}

// crumb is what a web session must send with its POSTs.
func (w *world) crumb(session string) string {
	sum := sha256.Sum256([]byte(w.session + session))
	return hex.EncodeToString(sum[:])
}
