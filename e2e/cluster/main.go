// Command majordomo-cluster is a whole Kubernetes control plane in one binary: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, kwok for the kubelets, and kubectl. `majordomo-cluster up`
// starts a private cluster in seconds and removes every trace of it when its owner ends.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A component runs one program of the cluster. It reads os.Args as the original binary does and
// returns the exit code.
type component func() int

func components() map[string]component {
	return map[string]component{
		"etcd":                    etcd,
		"kube-apiserver":          apiserver,
		"kube-controller-manager": controllerManager,
		"kube-scheduler":          scheduler,
		"kwok":                    kwok,
		"kubectl":                 kubectl,
		"up":                      up,
	}
}

func main() {
	// The children die with the thread that started them (Pdeathsig), so that thread has to be the
	// one that lives as long as the process.
	runtime.LockOSThread()
	all := components()
	if run, ok := all[filepath.Base(os.Args[0])]; ok {
		os.Exit(run())
	}
	if len(os.Args) > 1 {
		if run, ok := all[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	fmt.Fprintln(os.Stderr, usage(all))
	os.Exit(2)
}

func usage(all map[string]component) string {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return "usage: majordomo-cluster COMMAND [flags], where COMMAND is one of: " + strings.Join(names, ", ")
}
