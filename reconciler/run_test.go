package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/status"
	"majordomo.dev/reconciler/web"
)

func TestSignedWebhookAtItsOwnAddressSyncsAtOnce(t *testing.T) {
	s := newSite(t)
	secret := strings.Repeat("k", 32)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.start("--leader-election=false", "--interval", "1h", "--webhook-listen", "localhost:0", "--webhook-secret-files", file)
	r.ready()
	s.files["overlay/casc.yaml"] = strings.Replace(s.files["overlay/casc.yaml"], `"0"`, `"7"`, 1)
	second := s.commit("second")

	body := `{"ref":"refs/heads/main","after":"` + second + `","repository":{"clone_url":"https://git.example/fleet.git"}}`
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(body))
	post := func(signature string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.hook+"/hooks/git", bytes.NewBufferString(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Github-Event", "push")
		req.Header.Set("X-Github-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
		req.Header.Set("X-Hub-Signature-256", "sha256="+signature)
		res, err := new(http.Client).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if code := post(strings.Repeat("0", 64)); code/100 != 4 {
		t.Errorf("a webhook with a wrong signature: %d, want 4xx", code)
	}
	if code := post(hex.EncodeToString(mac.Sum(nil))); code != http.StatusAccepted {
		t.Errorf("a signed webhook: %d, want 202", code)
	}
	s.want(0, "wait", s.env, "--for=revision="+second, "--timeout", "30s")

	outside := &runner{t: t, url: r.hook}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/api/v1/environments", "/"} {
		if code, _ := outside.get(path); code != http.StatusNotFound {
			t.Errorf("GET %s at the address of webhooks: %d, want 404", path, code)
		}
	}
	if code := r.stop(); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestReadinessGoesOffBeforeTheWorkEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	h, err := web.New(web.Options{Board: status.NewBoard()})
	if err != nil {
		t.Fatal(err)
	}
	ready := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return w.Code
	}
	ctx, stop := context.WithCancel(t.Context())
	var before, after int
	work := func(ctx context.Context) error {
		before = ready()
		stop()
		<-ctx.Done()
		after = ready()
		return nil
	}
	if err := new(app).together(ctx, config.Options{Listen: []string{"127.0.0.1:0"}}, h, work, discard()); err != nil {
		t.Fatal(err)
	}
	if before != http.StatusOK || after != http.StatusServiceUnavailable {
		t.Errorf("/readyz before the stop %d, while the work ends %d; want 200 and 503", before, after)
	}
}

func TestRunTellsWhenItsAddressIsTaken(t *testing.T) {
	s := newSite(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := s.want(exitFailure, "run", "--repo", s.repo.Dir, "--state-dir", t.TempDir(), "--leader-election=false", "--listen", l.Addr().String())
	has(t, o.stderr, l.Addr().String(), "address already in use")
}

func TestInstallSaysWhoMustHelpWhereItMayNot(t *testing.T) {
	err := install(t.Context(), real.ConfigFor("nobody"))
	if err == nil || !strings.Contains(err.Error(), "kubectl apply -k manifests/crds") {
		t.Errorf("install without rights: %v, want who must help and how", err)
	}
}
