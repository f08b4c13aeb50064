package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/yaml"
)

// kube is how the program reaches clusters: kubeconfig files, or the account of the pod that it runs in.
type kube struct {
	getenv    func(string) string
	file      string // --kubeconfig
	context   string // --context
	allowExec bool
}

func (a *app) kube() kube {
	return kube{getenv: a.getenv, file: a.kubeconfig, context: a.context, allowExec: a.allowExec}
}

// connect returns the way to the cluster of a context. "" is the cluster that the program runs in, and outside of one the current context.
func (k kube) connect(context string) (*rest.Config, error) {
	if context == "" && k.context == "" && k.file == "" && k.getenv("KUBERNETES_SERVICE_HOST") != "" {
		cfg, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("the account of the pod: %w; is automountServiceAccountToken off?", err)
		}
		return cfg, nil
	}
	raw, files, err := k.load()
	if err != nil {
		return nil, exit{exitUsage, err}
	}
	if context == "" {
		context = cmp.Or(k.context, raw.CurrentContext)
	}
	if err := k.check(raw, files, context); err != nil {
		return nil, err
	}
	cfg, err := clientcmd.NewNonInteractiveClientConfig(*raw, context, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, exit{exitUsage, fmt.Errorf("kubeconfig %s, context %q: %w", files[0], context, err)}
	}
	return cfg, nil
}

// files returns the kubeconfig files to read. A file that the working directory happens to hold is never among them.
func (k kube) files() ([]string, error) {
	if k.file != "" {
		return []string{k.file}, nil
	}
	if list := k.getenv("KUBECONFIG"); list != "" {
		files := slices.DeleteFunc(filepath.SplitList(list), func(f string) bool { return f == "" })
		if i := slices.IndexFunc(files, func(f string) bool { return !filepath.IsAbs(f) }); i >= 0 {
			return nil, fmt.Errorf("$KUBECONFIG has the relative path %q, which means another file in each directory; give an absolute one, or use --kubeconfig", files[i])
		}
		return files, nil
	}
	home := k.getenv("HOME")
	if !filepath.IsAbs(home) {
		return nil, errors.New("no cluster is named: $HOME and $KUBECONFIG are not set; use --kubeconfig")
	}
	return []string{filepath.Join(home, ".kube", "config")}, nil
}

// load reads and merges the kubeconfig files.
func (k kube) load() (*api.Config, []string, error) {
	files, err := k.files()
	if err != nil {
		return nil, nil, err
	}
	found := false
	for _, f := range files {
		_, err := os.ReadFile(filepath.Clean(f))
		switch {
		case errors.Is(err, fs.ErrNotExist) && k.file == "":
		case err != nil:
			return nil, files, fmt.Errorf("kubeconfig: %w; name another file with --kubeconfig", err)
		default:
			found = true
		}
	}
	if !found {
		return nil, files, fmt.Errorf("no kubeconfig: %s does not exist; name one with --kubeconfig or $KUBECONFIG", files[0])
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: files, Warner: func(error) {}}
	raw, err := rules.Load()
	if err != nil {
		return nil, files, fmt.Errorf("kubeconfig: %w", withoutContent(err))
	}
	return raw, files, nil
}

// withoutContent cuts an error about a file that cannot be parsed short: the parser may quote what stands in it.
func withoutContent(err error) error {
	text := err.Error()
	const most = 200
	if len(text) > most {
		return errors.New(text[:most] + "…")
	}
	return errors.New(text)
}

// check refuses contexts that are not there, and ways to log in that the file may not have.
func (k kube) check(raw *api.Config, files []string, name string) error {
	var names []string
	for n := range raw.Contexts {
		names = append(names, n)
	}
	slices.Sort(names)
	if name == "" {
		return usagef("kubeconfig %s has no current context%s; name one with --context", files[0], yaml.DidYouMean("", names))
	}
	c, ok := raw.Contexts[name]
	if !ok {
		return notFoundf("kubeconfig %s has no context %q%s", files[0], name, yaml.DidYouMean(name, names))
	}
	server, user := raw.Clusters[c.Cluster], raw.AuthInfos[c.AuthInfo]
	switch {
	case server == nil:
		return usagef("kubeconfig %s: context %q names the cluster %q, which is not in it", files[0], name, c.Cluster)
	case server.InsecureSkipTLSVerify:
		return usagef("kubeconfig %s: cluster %q has insecure-skip-tls-verify, with which anybody on the way could take over; give it certificate-authority-data", files[0], c.Cluster)
	case user == nil && c.AuthInfo != "":
		return usagef("kubeconfig %s: context %q names the user %q, which is not in it", files[0], name, c.AuthInfo)
	case user != nil && user.AuthProvider != nil:
		return usagef("kubeconfig %s: user %q has an auth-provider, which Kubernetes no longer knows; use a token, a certificate or exec", files[0], c.AuthInfo)
	case user != nil && user.Exec != nil && !k.allowExec:
		return usagef("kubeconfig %s: user %q logs in by starting the program %q; if you trust it (GKE's is gke-gcloud-auth-plugin), allow that with --allow-exec-auth",
			files[0], c.AuthInfo, user.Exec.Command)
	}
	return nil
}

// namespace returns the namespace of a context: what commands fall back to where no other may be read.
func (k kube) namespace(context string) string {
	raw, _, err := k.load()
	if err != nil {
		return "default" // in a pod, whose account may read all or nothing
	}
	if c := raw.Contexts[cmp.Or(context, k.context, raw.CurrentContext)]; c != nil {
		return cmp.Or(c.Namespace, "default")
	}
	return "default"
}

// records returns the Environment objects of the cluster of a context.
func (a *app) records(context string) (*cluster.Records, error) {
	server, err := a.server(context)
	if err != nil {
		return nil, err
	}
	return server.Records()
}

func (a *app) server(context string) (*cluster.Server, error) {
	cfg, err := a.kube().connect(context)
	if err != nil {
		return nil, err
	}
	return cluster.NewServer(cfg, a.log()), nil
}
