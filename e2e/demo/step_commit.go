package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"majordomo.dev/e2e/testcluster"
)

const gkePools = "overlays/gke/patches/pools.yaml"

func aCommit() step {
	return step{
		title: "A commit",
		does: "keep 4 linux agents at least in gke, instead of 2: one line in " + gkePools +
			", committed, and announced by a signed webhook as GitHub would send it",
		expects: "the AgentPool changes at once; vagrant, which the commit does not touch, is not asked about at all",
		play: func(ctx context.Context, d *demo) error {
			pool, err := d.look(ctx, agentPools, "jenkins-gke", "linux")
			if err != nil {
				return err
			}
			defer pool.close()
			if err := d.calm(ctx, "vagrant"); err != nil {
				return err
			}
			mark := d.cluster.Mark()
			if err := d.repo.edit(gkePools, "  min: 2\n  max: 40\n", "  min: 4\n  max: 40\n"); err != nil {
				return err
			}
			commit, began, err := d.push(ctx, "gke: keep 4 linux agents")
			if err != nil {
				return err
			}
			at, err := pool.until(ctx, "the pool has min 4", func(o *unstructured.Unstructured) bool {
				n, _, _ := unstructured.NestedInt64(o.Object, "spec", "min")
				return n == 4
			})
			if err != nil {
				return err
			}
			d.out.measured("from the webhook to the changed AgentPool", since(at.Sub(began)))
			return d.onlyGKE(ctx, commit, mark)
		},
	}
}

// onlyGKE checks that gke is at the commit, and that nobody was asked about vagrant since the mark.
func (d *demo) onlyGKE(ctx context.Context, commit string, mark testcluster.Mark) error {
	env, err := d.environment(ctx, "gke")
	if err != nil {
		return err
	}
	defer env.close()
	if _, _, err := env.untilStatus(ctx, "gke is Ready at "+short(commit), ready(commit)); err != nil {
		return err
	}
	n := 0
	for _, r := range d.cluster.Requests(mark) {
		if r.As == "system:serviceaccount:jenkins-vagrant:deployer" {
			n++
		}
	}
	d.out.measured("requests about vagrant meanwhile, by the audit log", fmt.Sprint(n))
	if n != 0 {
		return unexpected("%d requests about vagrant", n)
	}
	return nil
}

// push commits what was edited and announces the commit, from which moment on the time counts.
func (d *demo) push(ctx context.Context, message string) (commit string, began time.Time, err error) {
	if commit, err = d.repo.commit(ctx, message); err != nil {
		return "", began, err
	}
	began = time.Now()
	return commit, began, d.announce(ctx, commit)
}

// announce sends the webhook of a push, as GitHub does.
func (d *demo) announce(ctx context.Context, commit string) error {
	body, err := json.Marshal(map[string]any{"ref": "refs/heads/main", "after": commit})
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(d.secret))
	mac.Write(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-GitHub-Event": "push", "X-GitHub-Delivery": rand.Text(),
		"X-Hub-Signature-256": "sha256=" + hex.EncodeToString(mac.Sum(nil)),
	} {
		req.Header.Set(name, value)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if err == nil && res.StatusCode != http.StatusAccepted {
		err = unexpected("the webhook was answered with %s: %s", res.Status, bytes.TrimSpace(text))
	}
	return err
}
