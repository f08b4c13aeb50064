package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// install does what the README tells an administrator to do.
func (d *demo) install(ctx context.Context) error {
	began := time.Now()
	if err := d.writeKubeconfig("admin.kubeconfig", d.cluster.Config().BearerToken); err != nil {
		return err
	}
	out, code, err := output(ctx, d.environ("admin.kubeconfig"), d.kubectl(), "kubectl", "apply", "--server-side", "-k", "manifests/majordomo")
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("kubectl apply -k manifests/majordomo: exit code %d: %s", code, strings.TrimSpace(out))
	}
	d.out.prepared("install", time.Since(began), "kubectl apply -k manifests/majordomo: %d objects", strings.Count(out, "\n"))
	return nil
}

// makeSecrets makes by hand what is not in Git.
func (d *demo) makeSecrets(ctx context.Context) error {
	began := time.Now()
	for _, namespace := range []string{"jenkins-vagrant", "jenkins-gke"} {
		for name, key := range map[string]string{"jenkins-admin": "password", "jenkins-agent": "password", "jenkins-api": "token"} {
			secret := &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name},
				"stringData": map[string]any{"username": strings.TrimPrefix(name, "jenkins-"), key: rand.Text()},
			}}
			if name == "jenkins-api" { // of the account by which majordomo asks Jenkins
				user, token := d.masters[strings.TrimPrefix(namespace, "jenkins-")].Credentials("scaler")
				secret.Object["stringData"] = map[string]any{"username": user, key: token}
			}
			if _, err := d.client.Resource(secrets).Namespace(namespace).Create(ctx, secret, metav1.CreateOptions{}); err != nil {
				return err
			}
		}
	}
	d.out.prepared("passwords", time.Since(began), "three Secrets for Jenkins in each namespace, the only things that are not in Git")
	return nil
}

// configure prepares what `majordomo run` is started with: its own account, of the rights that the manifests give it, and a
// secret for webhooks.
func (d *demo) configure(ctx context.Context) error {
	began := time.Now()
	client, err := kubernetes.NewForConfig(d.cluster.Config())
	if err != nil {
		return err
	}
	token, err := client.CoreV1().ServiceAccounts("majordomo").CreateToken(ctx, "majordomo", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := d.writeKubeconfig("majordomo.kubeconfig", token.Status.Token); err != nil {
		return err
	}
	d.secret = rand.Text() + rand.Text()
	if err := os.WriteFile(d.path("webhook-secret"), []byte(d.secret), 0o600); err != nil {
		return err
	}
	d.out.prepared("account", time.Since(began), "majordomo runs as its own service account, not as an administrator")
	return nil
}

// startProgram starts `majordomo run`.
func (d *demo) startProgram() error {
	listen, err := freeAddress()
	if err != nil {
		return err
	}
	hooks, err := freeAddress()
	if err != nil {
		return err
	}
	d.webhook, d.dashboard = "http://"+hooks+"/hooks/git", "http://"+listen
	d.program, err = start(d.path("majordomo.log"), d.environ("majordomo.kubeconfig"), d.majordomo(), "run",
		"--repo", d.repo.dir, "--ref", "main", "--interval", "10m", "--jenkins-interval", "1s",
		"--kubeconfig", d.path("majordomo.kubeconfig"), "--namespace", "majordomo", "--state-dir", d.path("state"),
		"--listen", listen, "--webhook-listen", hooks, "--webhook-secret-files", d.path("webhook-secret"))
	return err
}

// freeAddress returns an address of this machine that nobody uses.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// environ is an environment in which nothing of the user's configuration is found.
func (d *demo) environ(kubeconfig string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.dir, "TMPDIR=" + d.dir, "KUBECONFIG=" + d.path(kubeconfig), "NO_COLOR=1"}
}

func (d *demo) writeKubeconfig(file, token string) error {
	admin := d.cluster.Config()
	cfg := api.NewConfig()
	cfg.Clusters["demo"] = &api.Cluster{Server: admin.Host, CertificateAuthority: admin.CAFile}
	cfg.AuthInfos["demo"] = &api.AuthInfo{Token: token}
	cfg.Contexts["demo"] = &api.Context{Cluster: "demo", AuthInfo: "demo"}
	cfg.CurrentContext = "demo"
	return clientcmd.WriteToFile(*cfg, d.path(file))
}
