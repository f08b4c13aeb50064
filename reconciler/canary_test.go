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

// TestNoSecretIsInAnyOutput puts a secret of its own into every place that has one, goes through all commands, talkative as
// they can be, and looks for it in all that they say.
func TestNoSecretIsInAnyOutput(t *testing.T) {
	s := newSite(t)
	inSecret, inGit, inConfigMap := "canary-"+rand.Text(), "canary-"+rand.Text(), "canary-"+rand.Text()
	s.files["overlay/secret.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\nstringData: {password: " + inSecret + "}\n"
	s.files["overlay/casc.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: casc}\ndata: {api_token: " + inConfigMap + "}\n"
	s.commit("canaries")
	server := gittest.ServeHTTP(t, s.repo, gittest.HTTPOptions{User: "ci", Password: inGit, TLS: true})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(inGit), 0o600); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	repo := []string{"--repo", server.URL, "--git-username", "ci", "--git-password-file", password, "--git-ca-file", ca}
	config, err := os.ReadFile(s.vars["KUBECONFIG"])
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`token: (\S+)`).FindSubmatch(config)
	if token == nil {
		t.Fatal("the kubeconfig has no token")
	}

	var said strings.Builder
	saying := func(args ...string) {
		o := s.majordomo(append(args, "-v")...)
		said.WriteString(o.stdout + o.stderr)
	}
	dir := s.directory()
	everything := func() {
		for _, args := range [][]string{
			{"render", s.env, "--path", dir},
			{"render", s.env, "--path", dir, "-o", "json"},
			{"validate", dir},
			{"validate", dir, "-o", "sarif"},
			append([]string{"diff", s.env}, repo...),
			append([]string{"plan", s.env, "-o", "json"}, repo...),
			append([]string{"check"}, repo...),
			append([]string{"sync", s.env, "--local"}, repo...),
			append([]string{"run", "--once", "--state-dir", t.TempDir(), "--log-level", "debug", "--log-format", "json"}, repo...),
			append([]string{"wait", s.env, "--for=revision=" + s.repo.Head(), "--timeout", "1s"}, repo...),
			{"status", s.env, "-o", "json"},
			{"status", s.env, "-o", "wide"},
			{"history", s.env, "-o", "yaml"},
			{"suspend", s.env},
			{"resume", s.env},
			{"approve", s.env, "--yes"},
		} {
			saying(args...)
		}
	}
	everything()
	s.want(0, append([]string{"run", "--once", "--state-dir", t.TempDir()}, repo...)...) // the commands above did reach what is secret
	s.files["overlay/secret.yaml"] = strings.Replace(s.files["overlay/secret.yaml"], inSecret, inSecret+"2", 1)
	s.files["overlay/casc.yaml"] = strings.Replace(s.files["overlay/casc.yaml"], inConfigMap, inConfigMap+"2", 1)
	s.commit("changed")
	dir = s.directory()
	everything()
	s.edit(`{"data":{"api_token":"` + inConfigMap + `3"}}`)
	everything()
	s.files["overlay/secret.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: api}\ndata: {password: " + inSecret + "!}\n"
	s.commit("a Secret that the server refuses, and may quote")
	dir = s.directory()
	everything()

	if len(said.String()) < 10_000 || !strings.Contains(said.String(), "(sensitive)") {
		t.Fatalf("the commands said too little to prove anything:\n%s", said.String())
	}
	for what, secret := range map[string]string{"Secret": inSecret, "git password": inGit, "ConfigMap": inConfigMap, "kubeconfig token": string(token[1])} {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			if i := strings.Index(said.String(), form); i >= 0 {
				t.Errorf("the %s is in what the commands said: …%.300s", what, said.String()[max(0, i-200):])
			}
		}
	}
}
