package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// upOptions are the flags of `up`.
type upOptions struct {
	nodes     int
	capacity  corev1.ResourceList // of each node
	podDelay  time.Duration
	provision []string
	tokens    []identity
	command   []string
}

// identity is somebody whom the API server knows by a token.
type identity struct {
	name   string // what the state calls the token
	token  string
	user   string
	groups []string
}

func parseOptions(args []string) (upOptions, error) {
	var o upOptions
	var tokens []string
	var cpu, memory, pods string
	flags := pflag.NewFlagSet("up", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.nodes, "nodes", 2, "number of nodes")
	flags.StringVar(&cpu, "node-cpu", "64", "allocatable processors of a node")
	flags.StringVar(&memory, "node-memory", "256Gi", "allocatable memory of a node")
	flags.StringVar(&pods, "node-pods", "1000", "allocatable pods of a node")
	flags.DurationVar(&o.podDelay, "pod-delay", 0, "how long a scheduled pod takes to be ready")
	flags.StringSliceVar(&o.provision, "provision", []string{"pd.csi."}, "provision volumes for storage classes whose provisioner has this prefix")
	flags.StringArrayVar(&tokens, "token", nil, "further identity, as NAME=USER[,GROUP...]; repeatable")
	err := flags.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		fmt.Fprint(os.Stderr, "usage: majordomo-cluster up [flags] [-- COMMAND ARGS...]\n\n",
			"Starts a private cluster and prints where it is as one line of JSON. It ends when its standard input does,\n",
			"or by SIGTERM. With a command, it runs that command with MAJORDOMO_CLUSTER_STATE set and ends with it.\n\n", flags.FlagUsages())
		os.Exit(0)
	}
	if err != nil {
		return o, err
	}
	if o.nodes < 0 || o.podDelay < 0 {
		return o, errors.New("--nodes and --pod-delay cannot be negative")
	}
	if flags.NArg() > 0 && flags.ArgsLenAtDash() != 0 {
		return o, fmt.Errorf("unexpected argument %q: a command goes after --", flags.Arg(0))
	}
	o.command = flags.Args()
	if o.capacity, err = parseCapacity(cpu, memory, pods); err != nil {
		return o, err
	}
	for _, t := range tokens {
		id, err := parseIdentity(t)
		if err != nil {
			return o, err
		}
		o.tokens = append(o.tokens, id)
	}
	return o, nil
}

func parseCapacity(cpu, memory, pods string) (corev1.ResourceList, error) {
	list := corev1.ResourceList{}
	for _, r := range []struct {
		name     corev1.ResourceName
		flag     string
		quantity string
	}{
		{corev1.ResourceCPU, "--node-cpu", cpu},
		{corev1.ResourceMemory, "--node-memory", memory},
		{corev1.ResourcePods, "--node-pods", pods},
	} {
		q, err := resource.ParseQuantity(r.quantity)
		if err != nil || q.Sign() < 0 {
			return nil, fmt.Errorf("%s %q: want a quantity such as 8, 500m or 64Gi", r.flag, r.quantity)
		}
		list[r.name] = q
	}
	return list, nil
}

func parseIdentity(s string) (identity, error) {
	name, who, ok := strings.Cut(s, "=")
	parts := strings.Split(who, ",")
	if !ok || name == "" || parts[0] == "" {
		return identity{}, fmt.Errorf("--token %q: want NAME=USER[,GROUP...]", s)
	}
	return identity{name: name, token: newToken(), user: parts[0], groups: parts[1:]}, nil
}
