package testcluster

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// mine are the requests since the mark of one user agent.
func mine(since Mark, agent string) []Request {
	return slices.DeleteFunc(cluster.Requests(since), func(r Request) bool { return r.UserAgent != agent })
}

// agentConfig is the administrator's with a user agent of its own.
func agentConfig(t *testing.T) (*rest.Config, string) {
	t.Helper()
	cfg := cluster.Config()
	cfg.UserAgent = uniqueName(t.Name())
	return cfg, cfg.UserAgent
}

func TestAuditLogCountsExactly(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	cfg, agent := agentConfig(t)
	maps := clientFor(t, cfg, "ConfigMap", ns)
	mark := cluster.Mark()
	const workers, each = 8, 25
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for range each {
				if _, err := maps.Get(t.Context(), "absent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
					t.Errorf("get of an absent object: %v", err)
				}
			}
		})
	}
	wait.Wait()
	got := mine(mark, agent)
	if len(got) != workers*each {
		t.Errorf("%d requests, want %d", len(got), workers*each)
	}
	for _, r := range got {
		if r.Verb != "get" || r.Resource != "configmaps" || r.Version != "v1" || r.Namespace != ns || r.Name != "absent" || r.Code != http.StatusNotFound || r.User != "admin" || r.Answered.IsZero() {
			t.Fatalf("request %+v, want the get of configmap absent in %s, not found, by admin", r, ns)
		}
	}
	if again := mine(cluster.Mark(), agent); len(again) != 0 {
		t.Errorf("requests after the last mark: %+v, want none", again)
	}
}

func TestAuditLogHasAWatchOnceAndAtOnce(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	cfg, agent := agentConfig(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := cluster.Mark()
	watch, err := clientFor(t, cfg, "ConfigMap", ns).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := mine(before, agent); len(got) != 1 || got[0].Verb != "watch" || got[0].Code != http.StatusOK {
		t.Errorf("requests while the watch is open: %+v, want the watch", got)
	}
	open := cluster.Mark()
	watch.Stop()
	await(t, "the end of the watch is in the log", func() error {
		log, err := os.ReadFile(cluster.server().AuditLog)
		if lines := bytes.Count(log, []byte(`"userAgent":"`+agent)); err == nil && lines != 2 {
			err = fmt.Errorf("%d lines of %s, want 2", lines, agent)
		}
		return err
	})
	if got := mine(open, agent); len(got) != 0 {
		t.Errorf("requests when the watch ended: %+v, want none", got)
	}
	if got := mine(before, agent); len(got) != 1 {
		t.Errorf("requests in all: %+v, want the watch once", got)
	}
}

func TestAuditLogNamesTheImpersonated(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	cfg, agent := agentConfig(t)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "jane"}
	mark := cluster.Mark()
	_, err := clientFor(t, cfg, "ConfigMap", ns).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("list as jane: %v, want it forbidden", err)
	}
	if got := mine(mark, agent); len(got) != 1 || got[0].User != "admin" || got[0].As != "jane" || got[0].Code != http.StatusForbidden {
		t.Errorf("requests %+v, want one by admin as jane, forbidden", got)
	}
}

func TestConfigForIsWhoeverItNames(t *testing.T) {
	ns := cluster.Namespace(t, nil)
	mark := cluster.Mark()
	cfg := cluster.ConfigFor("jane", "deployers")
	cfg.UserAgent = uniqueName(t.Name())
	_, err := clientFor(t, cfg, "ConfigMap", ns).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "jane"`) {
		t.Errorf("list as jane: %v, want it forbidden to her", err)
	}
	if got := mine(mark, cfg.UserAgent); len(got) != 1 || got[0].User != "jane" || got[0].As != "" {
		t.Errorf("requests %+v, want one by jane herself", got)
	}
	master := cluster.ConfigFor("root", "system:masters")
	if _, err := clientFor(t, master, "ConfigMap", ns).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("list as a member of system:masters: %v", err)
	}
}

func TestKubeconfigHasExactlyTheContexts(t *testing.T) {
	path := cluster.Kubeconfig(t, "vagrant", "gke")
	file, err := clientcmd.LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Contexts) != 2 || file.CurrentContext != "vagrant" {
		t.Errorf("contexts %v, current %q, want vagrant and gke, current vagrant", file.Contexts, file.CurrentContext)
	}
	for _, name := range []string{"vagrant", "gke"} {
		cfg, err := clientcmd.NewNonInteractiveClientConfig(*file, name, nil, nil).ClientConfig()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := clientFor(t, cfg, "Node", "").Get(t.Context(), "node-0", metav1.GetOptions{}); err != nil {
			t.Errorf("context %s: %v", name, err)
		}
	}
}
