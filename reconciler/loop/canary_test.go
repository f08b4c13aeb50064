package loop

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"majordomo.dev/reconciler/status"
)

// sink keeps a whole log.
type sink struct {
	mu  sync.Mutex
	log bytes.Buffer
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// spoken is all that the loop has said of an environment so far.
func (w *world) spoken(env string, log *sink) string {
	w.t.Helper()
	u, err := w.kube.Resource(environments).Get(w.t.Context(), env, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return log.String() + fmt.Sprint(u.Object, w.told(env), w.board.Snapshot())
}

// canaries are the secrets of the test, each in one place where one may be.
const (
	canaryData    = "canary-in-data"
	canaryString  = "canary-in-string-data"
	canaryEdited  = "canary-by-hand"
	canaryNumber  = "8675309424242"
	canaryURL     = "canary-in-url"
	canaryEnv     = "canary-in-a-variable"
	canaryConfig  = "canary-in-a-config-map"
	canaryChanged = "canary-after-the-change"
)

func secretObject(data string) string {
	return "---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\ndata: {password: " + base64.StdEncoding.EncodeToString([]byte(data)) +
		"}\nstringData: {token: " + canaryString + "}\n"
}

// invalidSecrets are objects that the server refuses, for reasons that it gives with the values.
func invalidSecrets() string {
	return `---
apiVersion: v1
kind: Secret
metadata: {name: invalid}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: "` + canaryData + `"}
---
apiVersion: v1
kind: Secret
metadata: {name: number}
data: {pin: ` + canaryNumber + `}
---
apiVersion: v1
kind: Secret
metadata: {name: plain}
data: {pin: "` + canaryData + `!"}
---
apiVersion: v1
kind: Pod
metadata: {name: bad}
spec:
  containers: [{name: c, image: "x:1", env: [{name: API_TOKEN, value: "` + canaryEnv + `"}, {name: REPO, value: "https://u:` + canaryURL + `@git.example/x"}], ports: [{containerPort: 99999}]}]
`
}

func TestI11NoSecretInLogStatusEventOrBoard(t *testing.T) {
	w := newWorld(t, 1)
	env, log := w.envs[0], &sink{}
	base := w.files["base/objects.yaml"]
	w.files["base/objects.yaml"] = base + secretObject(canaryData) + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {api-token: " + canaryConfig + "}\n"
	first := w.commit("first")
	w.log = slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})
	w.start()
	w.ready(env, first)

	_, err := w.kube.Resource(secrets).Namespace(env).Patch(t.Context(), "login", "application/merge-patch+json",
		[]byte(`{"stringData":{"password":"`+canaryEdited+`","token":"`+canaryEdited+`"}}`), metav1.PatchOptions{FieldManager: "kubectl-edit"})
	if err != nil {
		t.Fatal(err)
	}
	w.eventually("the repair", func() error {
		if w.environment(env).Drift.Repairs == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	w.files["base/objects.yaml"] = base + secretObject(canaryChanged) + invalidSecrets()
	w.commit("invalid secrets")
	w.condition(env, status.Applied, status.False, status.ApplyFailed)
	w.event(env, "SyncFailed")
	var text string
	w.eventually("each failure in the log", func() error {
		text = w.spoken(env, log)
		for _, o := range []string{"Secret " + env + "/invalid", "Secret " + env + "/number", "Secret " + env + "/plain", "Pod " + env + "/bad"} {
			if !strings.Contains(text, `object failed" env=`+env+` object="`+o+`"`) {
				return errors.New("nothing of " + o)
			}
		}
		return nil
	})
	for _, secret := range []string{canaryData, canaryString, canaryEdited, canaryNumber, canaryURL, canaryEnv, canaryConfig, canaryChanged} {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("%s is said: …%s…", secret, text[max(0, i-300):min(len(text), i+100)])
			}
		}
	}
}
