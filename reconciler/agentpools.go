package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"majordomo.dev/jenkins/pool"
	"majordomo.dev/reconciler/cluster"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/yaml"
)

// hand is the field manager of what the command line writes.
const hand = "majordomo-cli"

// scope is which pools a command means.
type scope struct {
	where
	namespace *string
	all       bool // all namespaces, or an error where that is not permitted
}

func scopeFlags(c *cobra.Command) *scope {
	s := &scope{where: whereFlags(c)}
	s.namespace = c.Flags().StringP("namespace", "n", "", "only pools of this namespace; default all, or that of the context where only it may be read")
	return s
}

// fleetSite is one cluster as the commands of the fleet use it, under the user's own rights.
type fleetSite struct {
	context   string // "" where the command went to one cluster only
	namespace string // of the kubeconfig context
	listed    string // the namespace whose pools were listed, "" for all
	config    *rest.Config
	objects   dynamic.Interface
}

func resource(group, version, name string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: version, Resource: name}
}

// pools are the AgentPools of a namespace, "" for all.
func (s *fleetSite) pools(namespace string) dynamic.ResourceInterface {
	return s.objects.Resource(resource(pool.Group, pool.Version, pool.Resource)).Namespace(namespace)
}

func (s *fleetSite) pods(namespace string) dynamic.ResourceInterface {
	return s.objects.Resource(resource("", "v1", "pods")).Namespace(namespace)
}

// site returns the cluster of a context.
func (a *app) site(context string) (*fleetSite, error) {
	cfg, err := a.kube().connect(context)
	if err != nil {
		return nil, err
	}
	cfg.UserAgent, cfg.QPS = "majordomo", -1
	objects, err := dynamic.NewForConfig(cfg)
	return &fleetSite{context: context, namespace: a.kube().namespace(context), config: cfg, objects: objects}, err
}

// sites returns the clusters that the command line leads to, as for environments. ENV in front of a pool's name leads to one of them.
func (a *app) sites(ctx context.Context, s *scope, arg string) ([]*fleetSite, error) {
	contexts := []string{a.context}
	if a.context == "" && s.named(a) {
		var err error
		if contexts, err = s.leads(ctx, a, arg); err != nil {
			return nil, err
		}
	}
	var out []*fleetSite
	for _, c := range contexts {
		one, err := a.site(c)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// leads returns the contexts of the fleet that the command line names: of the environment in front of the pool's name, else all.
func (s *scope) leads(ctx context.Context, a *app, arg string) ([]string, error) {
	r, err := s.open(ctx, a)
	if err != nil {
		return nil, err
	}
	defer r.close()
	fleet, err := r.fleet()
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(arg, "/")
	only, unknown := fleet.Environment(name)
	var out []string
	for _, e := range fleet.Environments {
		if (unknown != nil || e.Context == only.Context) && !slices.Contains(out, e.Context) {
			out = append(out, e.Context)
		}
	}
	return out, nil
}

// errNoPools means that the cluster does not know the kind.
var errNoPools = errors.New("the cluster does not know the kind AgentPool; install it with `kubectl apply -k manifests/crds`")

// list reads the pools of a namespace, "" for all. Where only the namespace of the context may be read, it is that one, unless all are
// insisted on.
func (s *fleetSite) list(ctx context.Context, namespace string, all bool) ([]object.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := s.pools(namespace).List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) && namespace == "" && !all {
		namespace = s.namespace
		list, err = s.pools(namespace).List(ctx, metav1.ListOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil, errNoPools
	}
	if err != nil {
		return nil, fmt.Errorf("list the pools: %w", err)
	}
	s.listed = namespace
	var out []object.Object
	for _, u := range list.Items {
		out = append(out, u.Object)
	}
	return out, nil
}

// found is an AgentPool and the cluster that it is in.
type found struct {
	agentPool
	object object.Object
	site   *fleetSite
}

// look is what there is to see of pools: those that the user means, and the others.
type look struct {
	sites    []*fleetSite
	named    bool // one pool was asked for
	matching []found
	others   []found
}

// look lists the pools; all are meant if arg is "".
func (a *app) look(ctx context.Context, s *scope, arg string) (look, error) {
	if strings.Count(arg, "/") > 1 {
		return look{}, usagef("%q names no pool; want POOL or ENV/POOL", arg)
	}
	sites, err := a.sites(ctx, s, arg)
	if err != nil {
		return look{}, err
	}
	l := look{sites: sites, named: arg != ""}
	for _, one := range sites {
		list, err := one.list(ctx, *s.namespace, s.all)
		if err != nil {
			return look{}, err
		}
		for _, o := range list {
			f := found{agentPool: poolOf(o, one.context), object: o, site: one}
			if arg == "" || f.is(arg) {
				l.matching = append(l.matching, f)
			} else {
				l.others = append(l.others, f)
			}
		}
	}
	slices.SortFunc(l.matching, byName)
	slices.SortFunc(l.others, byName)
	return l, nil
}

func byName(x, y found) int {
	return cmp.Or(cmp.Compare(x.Environment, y.Environment), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Context, y.Context))
}

// pool returns the one pool that an argument means.
func (a *app) pool(ctx context.Context, s *scope, arg string) (found, error) {
	l, err := a.look(ctx, s, arg)
	if err != nil {
		return found{}, err
	}
	return l.one(arg)
}

func (l look) one(arg string) (found, error) {
	switch {
	case arg == "":
		return found{}, usagef("want the name of a pool: POOL or ENV/POOL")
	case len(l.matching) == 1:
		return l.matching[0], nil
	case len(l.matching) > 1:
		return found{}, usagef("%q is %d pools: %s; name one of them so, or its namespace with -n", arg, len(l.matching), addresses(l.matching))
	case len(l.others) == 0:
		return found{}, notFoundf("no pool %q: there are none; a pool is an AgentPool in an overlay", arg)
	}
	return found{}, notFoundf("no pool %q%s", arg, yaml.DidYouMean(arg, candidates(arg, l.others)))
}

// followPools calls show for each pool as it is, and again for every change, until show has had enough or ctx ends.
func (l look) followPools(ctx context.Context, show func(agentPool) error) error {
	var alone sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range l.sites {
		namespace, only := s.listed, metav1.ListOptions{}
		if l.named && len(l.matching) == 1 {
			namespace, only = l.matching[0].Namespace, cluster.Named(l.matching[0].Name)
			if l.matching[0].site != s {
				continue
			}
		}
		g.Go(func() error {
			var failed error
			cluster.Follow(ctx, s.pools(namespace), only, func(o object.Object, gone bool) bool {
				alone.Lock()
				defer alone.Unlock()
				p := poolOf(o, s.context)
				p.Gone = gone
				failed = show(p)
				return failed == nil
			})
			return cmp.Or(failed, ctx.Err())
		})
	}
	return g.Wait()
}

// candidates are the names that could have been meant, in the form that the user chose.
func candidates(arg string, others []found) []string {
	var out []string
	for _, f := range others {
		name := f.Name
		if strings.Contains(arg, "/") {
			name = f.String()
		}
		if name = oneLine(name); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func addresses(list []found) string {
	var names []string
	for _, f := range list {
		name := f.String()
		if f.Environment != "" && f.Environment != f.Namespace {
			name += " (namespace " + f.Namespace + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// completePool completes the names of pools.
func (a *app) completePool(s *scope) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.poolNames(c.Context(), s, false), cobra.ShellCompDirectiveNoFileComp
	}
}

// poolNames returns the names of the pools, as one types them, and those of their agents where they are wanted, too.
func (a *app) poolNames(ctx context.Context, s *scope, agents bool) []string {
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	l, _ := a.look(ctx, s, "") // without an answer there is nothing to complete
	var names []string
	for _, f := range l.matching {
		names = append(names, oneLine(f.String()))
		for _, agent := range f.Status.Agents {
			if agents {
				names = append(names, oneLine(agent.Name))
			}
		}
	}
	return names
}
