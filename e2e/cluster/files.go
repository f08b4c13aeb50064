package main

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/template"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// configuration holds the components' configuration files, which are templates.
//
//go:embed config/*.yaml
var configuration embed.FS

const masters = "system:masters"

// writeFiles writes all that the components read.
func writeFiles(opts upOptions, d directory, port int, now time.Time) (state, error) {
	st := state{
		Server: fmt.Sprintf("https://127.0.0.1:%d", port), CA: d.path("ca.crt"), CAKey: d.path("ca.key"),
		Kubeconfig: d.path("admin.kubeconfig"), Dir: d.name, AuditLog: d.path("audit.log"),
		PID: os.Getpid(), Tokens: map[string]string{},
	}
	if err := writeKeys(d, now); err != nil {
		return st, err
	}
	if err := writeConfiguration(opts, d); err != nil {
		return st, err
	}
	for _, id := range opts.tokens {
		st.Tokens[id.name] = id.token
	}
	own := ownIdentities()
	st.AdminToken = own[0].token
	for _, id := range own {
		if err := writeKubeconfig(d, st.Server, id); err != nil {
			return st, err
		}
	}
	return st, writeTokens(d, slices.Concat(own, opts.tokens))
}

// ownIdentities are the administrator and the components, each with a name of its own in the audit log.
func ownIdentities() []identity {
	ids := []identity{{name: "admin", user: "admin"}, {name: "stand-in", user: "majordomo-cluster"}, {name: "kwok", user: "kwok"}}
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		ids = append(ids, identity{name: name, user: "system:" + name})
	}
	for i := range ids {
		ids[i].token, ids[i].groups = newToken(), []string{masters}
	}
	return ids
}

func writeTokens(d directory, ids []identity) error {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, id := range ids {
		_ = w.Write([]string{id.token, id.user, id.user, strings.Join(id.groups, ",")})
	}
	w.Flush() // a bytes.Buffer takes everything
	return os.WriteFile(d.path("tokens.csv"), out.Bytes(), 0o600)
}

func writeKubeconfig(d directory, server string, id identity) error {
	cfg := api.NewConfig()
	cfg.Clusters["majordomo-cluster"] = &api.Cluster{Server: server, CertificateAuthority: d.path("ca.crt")}
	cfg.AuthInfos[id.name] = &api.AuthInfo{Token: id.token}
	cfg.Contexts["majordomo-cluster"] = &api.Context{Cluster: "majordomo-cluster", AuthInfo: id.name}
	cfg.CurrentContext = "majordomo-cluster"
	return clientcmd.WriteToFile(*cfg, d.path(id.name+".kubeconfig"))
}

func writeConfiguration(opts upOptions, d directory) error {
	all, err := template.New("").Delims("[[", "]]").ParseFS(configuration, "config/*.yaml")
	if err != nil {
		return err
	}
	values := map[string]any{"Kubeconfig": d.path("kube-scheduler.kubeconfig"), "PodDelay": opts.podDelay.Milliseconds()}
	for _, t := range all.Templates() {
		if t.Name() == "" {
			continue
		}
		var out bytes.Buffer
		if err := t.Execute(&out, values); err != nil {
			return err
		}
		if err := os.WriteFile(d.path(t.Name()), out.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}
