package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"majordomo.dev/jenkins/drain"
	"majordomo.dev/jenkins/pool"
)

// revisionRef names the ControllerRevision in which a template is kept. It goes with the target, and a StatefulSet does not take it for one of
// its own, since it has none of the labels that that one looks for.
func revisionRef(namespace string, t drain.Target, template string) Ref {
	return Ref{namespace, fmt.Sprintf("majordomo-%s-%s", t.Name, template)}
}

// Templates lists the templates of a target that are kept.
func (c *Client) Templates(ctx context.Context, p *pool.Pool, t drain.Target) ([]string, error) {
	var out []string
	err := c.call(ctx, "list controllerrevisions in "+p.Namespace, func(ctx context.Context) error {
		list, err := c.objects.Resource(revisions).Namespace(p.Namespace).List(ctx, metav1.ListOptions{LabelSelector: pool.Label + "=" + p.Name})
		if err != nil {
			return err
		}
		for _, u := range list.Items {
			if hash := u.GetAnnotations()[pool.Template]; hash != "" && controllerOrOwner(u.Object, t.UID) {
				out = append(out, hash)
			}
		}
		return nil
	})
	return out, err
}

func controllerOrOwner(o map[string]any, uid string) bool {
	owners, _ := at(o, "metadata", "ownerReferences").([]any)
	return slices.ContainsFunc(owners, func(ref any) bool { return text(ref, "uid") == uid })
}

// KeepTemplate keeps the template that a target has now, so that it can be gone back to. The error wraps ErrChanged if it is another one by now.
func (c *Client) KeepTemplate(ctx context.Context, p *pool.Pool, t drain.Target) error {
	now, err := c.get(ctx, kinds[t.Kind], Ref{p.Namespace, t.Name})
	if err != nil {
		return err
	}
	if text(now, "metadata", "uid") != t.UID || text(now, "spec", "template", "metadata", "annotations", pool.Template) != t.Template {
		return fmt.Errorf("%s %s: %w", t.Kind, t.Name, ErrChanged)
	}
	ref := revisionRef(p.Namespace, t, t.Template)
	body := map[string]any{
		"apiVersion": "apps/v1", "kind": "ControllerRevision",
		"metadata": map[string]any{
			"name": ref.Name, "namespace": ref.Namespace,
			"labels":          map[string]any{pool.Label: p.Name, memoryMark: manager},
			"annotations":     map[string]any{pool.Template: t.Template},
			"ownerReferences": []any{map[string]any{"apiVersion": p.Spec.Target.APIVersion, "kind": t.Kind, "name": t.Name, "uid": t.UID}},
		},
		"data": map[string]any{"spec": map[string]any{"template": at(now, "spec", "template")}}, "revision": int64(1),
	}
	return c.write(ctx, "keep template "+ref.String(), func(ctx context.Context) error {
		_, err := c.objects.Resource(revisions).Namespace(ref.Namespace).Create(ctx, &unstructured.Unstructured{Object: body}, metav1.CreateOptions{FieldManager: pool.Manager})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

// DropTemplate forgets a template.
func (c *Client) DropTemplate(ctx context.Context, p *pool.Pool, t drain.Target, template string) error {
	ref := revisionRef(p.Namespace, t, template)
	err := c.write(ctx, "drop template "+ref.String(), func(ctx context.Context) error {
		return c.objects.Resource(revisions).Namespace(ref.Namespace).Delete(ctx, ref.Name, metav1.DeleteOptions{})
	})
	if errors.Is(err, ErrGone) {
		return nil
	}
	return err
}

// RollBack writes a template that was kept back to its target, and notes on the target which one has failed. It is only done as long as the
// target still has the failed one; otherwise the error wraps ErrChanged.
func (c *Client) RollBack(ctx context.Context, p *pool.Pool, t drain.Target, to, failed string) error {
	kept, err := c.get(ctx, revisions, revisionRef(p.Namespace, t, to))
	if err != nil {
		return fmt.Errorf("the template to go back to: %w", err)
	}
	template, ok := at(kept, "data", "spec", "template").(map[string]any)
	if !ok || text(template, "metadata", "annotations", pool.Template) != to || !controllerOrOwner(kept, t.UID) {
		return fmt.Errorf("the template to go back to, %s: %w", to, ErrDamaged)
	}
	target, err := c.get(ctx, kinds[t.Kind], Ref{p.Namespace, t.Name})
	if err != nil {
		return err
	}
	if now := readTarget(target, nil); now.UID != t.UID || now.Template != failed {
		return fmt.Errorf("%s %s: %w", t.Kind, t.Name, ErrChanged)
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": p.Spec.Target.APIVersion, "kind": t.Kind,
		"metadata": map[string]any{
			"name": t.Name, "namespace": p.Namespace, "uid": t.UID, "resourceVersion": text(target, "metadata", "resourceVersion"), "annotations": map[string]any{pool.RolledBack: failed},
		},
		"spec": map[string]any{"template": template},
	})
	if err != nil {
		return err
	}
	now, err := c.patch(ctx, kinds[t.Kind], Ref{p.Namespace, t.Name}, types.ApplyPatchType, body)
	if err == nil {
		now, err = c.exact(ctx, p, t, now, template)
	}
	if err == nil {
		c.learn(scope{kinds[t.Kind], p.Namespace}, now)
	}
	return err
}

// exact takes out of a template what only the failed one had. An apply leaves what others own: first it makes every field the fleet's as well, so
// that the environment line can give up its own, and then what is left over goes.
func (c *Client) exact(ctx context.Context, p *pool.Pool, t drain.Target, now, template map[string]any) (map[string]any, error) {
	if reflect.DeepEqual(at(now, "spec", "template"), any(template)) {
		return now, nil
	}
	body, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/spec/template/metadata/annotations/" + strings.ReplaceAll(pool.Template, "/", "~1"), "value": text(template, "metadata", "annotations", pool.Template)},
		{"op": "replace", "path": "/spec/template", "value": template},
	})
	if err != nil {
		return nil, err
	}
	return c.patch(ctx, kinds[t.Kind], Ref{p.Namespace, t.Name}, types.JSONPatchType, body)
}
