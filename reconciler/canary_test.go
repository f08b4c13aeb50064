package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"majordomo.dev/reconciler/git/gittest"
)

// canaries are the secrets of a site, each of its own.
type canaries struct {
	*site
	inSecret, inGit, inConfigMap, token string
	repo                                []string // flags that lead to the repository
	said                                strings.Builder
}

func newCanaries(t *testing.T) *canaries {
	t.Helper()
	c := &canaries{site: newSite(t), inSecret: "canary-" + rand.Text(), inGit: "canary-" + rand.Text(), inConfigMap: "canary-" + rand.Text()}
	c.files["overlay/secret.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\nstringData: {password: " + c.inSecret + "}\n"
	c.files["overlay/casc.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata: {api_token: " + c.inConfigMap + "}\n"
	c.commit("canaries")
	server := gittest.ServeHTTP(t, c.site.repo, gittest.HTTPOptions{User: "ci", Password: c.inGit, TLS: true})
	file := func(name string, data []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	c.repo = []string{
		"--repo", server.URL, "--git-username", "ci", "--git-password-file", file("password", []byte(c.inGit)),
		"--git-ca-file", file("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Server.Certificate().Raw})),
	}
	config, err := os.ReadFile(c.vars["KUBECONFIG"])
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`token: (\S+)`).FindSubmatch(config)
	if token == nil {
		t.Fatal("the kubeconfig has no token")
	}
	c.token = string(token[1])
	return c
}

// everything goes through all commands, as talkative as they can be.
func (c *canaries) everything() {
	dir := c.directory()
	from := func(args ...string) []string { return append(args, c.repo...) }
	for _, args := range [][]string{
		{"render", c.env, "--path", dir},
		{"render", c.env, "--path", dir, "-o", "json"},
		{"validate", dir},
		{"validate", dir, "-o", "sarif"},
		from("diff", c.env),
		from("plan", c.env, "-o", "json"),
		from("check"),
		from("sync", c.env, "--local"),
		from("run", "--once", "--state-dir", c.t.TempDir(), "--log-level", "debug", "--log-format", "json"),
		from("wait", c.env, "--for=revision="+c.site.repo.Head(), "--timeout", "1s"),
		{"status", c.env, "-o", "json"},
		{"status", c.env, "-o", "wide"},
		{"history", c.env, "-o", "yaml"},
		{"suspend", c.env},
		{"resume", c.env},
		{"approve", c.env, "--yes"},
	} {
		o := c.majordomo(append(args, "-v")...)
		c.said.WriteString(o.stdout + o.stderr)
	}
}

func TestNoSecretIsInAnyOutput(t *testing.T) {
	c := newCanaries(t)
	c.everything()
	c.want(0, append([]string{"run", "--once", "--state-dir", t.TempDir()}, c.repo...)...) // the commands above did reach what is secret
	c.files["overlay/secret.yaml"] = strings.Replace(c.files["overlay/secret.yaml"], c.inSecret, c.inSecret+"2", 1)
	c.files["overlay/casc.yaml"] = strings.Replace(c.files["overlay/casc.yaml"], c.inConfigMap, c.inConfigMap+"2", 1)
	c.commit("changed")
	c.everything()
	c.edit(`{"data":{"api_token":"` + c.inConfigMap + `3"}}`)
	c.everything()
	c.files["overlay/secret.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\ndata: {password: " + c.inSecret + "!}\n"
	c.commit("a Secret that the server refuses, and may quote")
	c.everything()

	said := c.said.String()
	if len(said) < 10_000 || !strings.Contains(said, "(sensitive)") {
		t.Fatalf("the commands said too little to prove anything:\n%s", said)
	}
	for what, secret := range map[string]string{"Secret": c.inSecret, "git password": c.inGit, "ConfigMap": c.inConfigMap, "kubeconfig token": c.token} {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			if i := strings.Index(said, form); i >= 0 {
				t.Errorf("the %s is in what the commands said: …%.300s", what, said[max(0, i-200):])
			}
		}
	}
}
