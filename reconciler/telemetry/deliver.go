package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"majordomo.dev/reconciler/status"
)

// traces returns the address for traces of a collector's.
func traces(endpoint string) string {
	const path = "/v1/traces"
	return strings.TrimSuffix(strings.TrimRight(endpoint, "/"), path) + path
}

// deliver sends passes, and gives them up when that fails for good. The log hears of the first failure, and of the end of it.
func (s *Sender) deliver(ctx context.Context, passes []Span) {
	err := s.try(ctx, encode(passes, s.o.Version, s.o.Instance))
	fate := sent
	if err != nil {
		fate = refused
	}
	s.count(fate, len(passes))
	s.mu.Lock()
	was := s.told
	s.told = err != nil
	s.mu.Unlock()
	switch {
	case err != nil && !was:
		s.o.Log.WarnContext(ctx, "spans not sent", "err", err)
	case err == nil && was:
		s.o.Log.InfoContext(ctx, "spans are sent again")
	}
}

// try posts a body, again where that may help.
func (s *Sender) try(ctx context.Context, body []byte) error {
	wait := pause
	for n := 1; ; n++ {
		again, err := s.post(ctx, body)
		if err == nil || !again || n == tries {
			return err
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return err
		}
	}
}

// transient are the answers that OTLP wants to be tried again.
var transient = []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

// post sends a body once, and tells whether it may be sent again.
func (s *Sender) post(ctx context.Context, body []byte) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.o.Endpoint, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	for name, values := range s.o.Header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "majordomo/"+s.o.Version)
	res, err := s.client.Do(req)
	if err != nil {
		return ctx.Err() == nil, err
	}
	defer res.Body.Close()
	const most = 4 << 10
	answer, _ := io.ReadAll(io.LimitReader(res.Body, most))
	if res.StatusCode/100 == 2 {
		return false, nil
	}
	return slices.Contains(transient, res.StatusCode), fmt.Errorf("the collector answers %s: %s", res.Status, status.Clean(string(answer), 200))
}
