package kube

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/jenkins/pool"
)

const (
	memoryKey  = "memory.json.gz"
	memoryMark = "app.kubernetes.io/managed-by"
	manager    = "majordomo"
	maxPacked  = 900 << 10 // the API server takes 1 MiB
	maxMemory  = 16 << 20  // unpacked
)

// What is wrong with a memory.
var (
	// ErrForeign means that the ConfigMap in which a pool's memory would be is somebody else's.
	ErrForeign = errors.New("it is not majordomo's")
	// ErrDamaged means that a memory cannot be read.
	ErrDamaged = errors.New("it is damaged")
)

func memoryRef(p *pool.Pool) Ref { return Ref{p.Namespace, "majordomo-pool-" + p.Name} }

// Memory reads what a pool has learned, nil if there is nothing yet, or only what another pool of that name had learned. The error wraps
// ErrForeign or ErrDamaged if it is there and of no use.
func (c *Client) Memory(ctx context.Context, p *pool.Pool) ([]byte, error) {
	o, err := c.get(ctx, configMaps, memoryRef(p))
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ours, owner := belongs(o, p)
	if !ours {
		return nil, fmt.Errorf("configmap %s: %w: it has no label %s: %s; rename it, for the pool remembers there", memoryRef(p), ErrForeign, memoryMark, manager)
	}
	if !owner {
		return nil, nil
	}
	data, err := unpack(text(o, "binaryData", memoryKey))
	if err != nil {
		return nil, fmt.Errorf("configmap %s: %w: %w", memoryRef(p), ErrDamaged, err)
	}
	return data, nil
}

// belongs tells whether a ConfigMap is majordomo's, and whether it is this very pool's.
func belongs(o map[string]any, p *pool.Pool) (ours, owner bool) {
	ours = text(o, "metadata", "labels", memoryMark) == manager
	owners, _ := at(o, "metadata", "ownerReferences").([]any)
	for _, ref := range owners {
		owner = owner || text(ref, "uid") == p.UID
	}
	return ours, owner
}

func unpack(packed string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, maxMemory+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxMemory {
		return nil, fmt.Errorf("it unpacks to more than %d MiB", maxMemory>>20)
	}
	return data, nil
}

func pack(data []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	if err = errors.Join(err, z.Close()); err != nil {
		return "", err
	}
	if b.Len() > maxPacked {
		return "", fmt.Errorf("it takes %d KiB packed, more than the %d that a ConfigMap holds", b.Len()>>10, maxPacked>>10)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// Remember writes what a pool has learned. It goes with the pool.
func (c *Client) Remember(ctx context.Context, p *pool.Pool, data []byte) error {
	ref := memoryRef(p)
	packed, err := pack(data)
	if err != nil {
		return fmt.Errorf("configmap %s: %w", ref, err)
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{
			"name": ref.Name, "namespace": ref.Namespace, "labels": map[string]any{memoryMark: manager},
			"ownerReferences": []any{map[string]any{"apiVersion": pool.Group + "/" + pool.Version, "kind": pool.Kind, "name": p.Name, "uid": p.UID}},
		},
		"binaryData": map[string]any{memoryKey: packed},
	})
	if err != nil {
		return err
	}
	_, err = c.patch(ctx, configMaps, ref, types.ApplyPatchType, body)
	return err
}
