package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/render"
)

// write is one server-side apply, ready to be sent.
type write struct {
	url  string
	body []byte
}

// limit sends the very objects of all environments, changed, as fast as a bare HTTP client does with 16 requests under way: what the
// API server itself takes is what no program can beat.
func (b *bench) limit(ctx context.Context, round int) (time.Duration, error) {
	writes, err := b.writes(ctx, round)
	if err != nil {
		return 0, err
	}
	client, err := rest.HTTPClientFor(b.cluster.Config())
	if err != nil {
		return 0, err
	}
	queue := make(chan write, len(writes))
	for _, w := range writes {
		queue <- w
	}
	close(queue)
	errs := make(chan error, 16)
	var sent sync.WaitGroup
	started := time.Now()
	for range 16 {
		sent.Go(func() {
			for w := range queue {
				if err := send(ctx, client, w); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	sent.Wait()
	took := time.Since(started)
	select {
	case err := <-errs:
		return 0, err
	default:
		return took, nil
	}
}

func send(ctx context.Context, client *http.Client, w write) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPatch, w.url+"?fieldManager=limit&force=true", bytes.NewReader(w.body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/apply-patch+yaml")
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s: %s: %.200s", w.url, answer.Status, text)
	}
	return nil
}

// writes renders the fleet for namespaces of the limit's own, with this round in every object.
func (b *bench) writes(ctx context.Context, round int) ([]write, error) {
	tree, err := render.Dir(b.fleet.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tree.Close() }()
	r := render.New(render.Limits{})
	var out []write
	for i := range b.size.environments {
		result, err := r.Render(ctx, tree, "overlays/"+environment(i))
		if err != nil {
			return nil, err
		}
		for id := range result.Objects {
			o := result.Objects[id].Clone()
			o.Metadata()["namespace"] = strings.Replace(id.Namespace, "bench", "limit", 1)
			o.SetAnnotation("round", fmt.Sprint("limit-", round))
			body, err := json.Marshal(o)
			if err != nil {
				return nil, err
			}
			out = append(out, write{url: b.cluster.Config().Host + path(o), body: body})
		}
	}
	return out, nil
}

// path is where the API server keeps an object.
func path(o object.Object) string {
	plural := strings.ToLower(o.Kind()) + "s"
	group := "/api/" + o.APIVersion()
	if strings.Contains(o.APIVersion(), "/") {
		group = "/apis/" + o.APIVersion()
	}
	return group + "/namespaces/" + o.ID().Namespace + "/" + plural + "/" + o.ID().Name
}
