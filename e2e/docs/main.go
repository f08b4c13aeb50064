// Command docs writes what is generated of the documentation: the reference below docs/reference, from the types of the program, from the
// definitions of its kinds and from the program itself; and pages for man and scripts for shells, to install beside the program.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	program := flag.String("program", "bin/majordomo", "the program, built from the same sources")
	out := flag.String("out", "bin", "directory for man pages and completions")
	flag.Parse()
	if err := run(ctx, *program, *out); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// run writes everything; the working directory is that of the module.
func run(ctx context.Context, program, out string) error {
	files, err := references(".")
	if err != nil {
		return err
	}
	for name, arguments := range map[string][]string{
		"docs/reference/cli.md":                          {"man", "-o", "markdown"},
		"docs/reference/options.md":                      {"man", "options", "-o", "markdown"},
		filepath.Join(out, "completions/majordomo.bash"): {"completion", "bash"},
		filepath.Join(out, "completions/_majordomo"):     {"completion", "zsh"},
		filepath.Join(out, "completions/majordomo.fish"): {"completion", "fish"},
		filepath.Join(out, "completions/majordomo.ps1"):  {"completion", "powershell"},
	} {
		if files[name], err = exec.CommandContext(ctx, program, arguments...).Output(); err != nil {
			return fmt.Errorf("%s %q: %w", program, arguments, err)
		}
	}
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, data, 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	man := exec.CommandContext(ctx, program, "man", "--dir", filepath.Join(out, "man"))
	man.Stderr = os.Stderr
	return man.Run()
}

// references returns the files below docs/reference that come from types and definitions.
func references(root string) (map[string][]byte, error) {
	fleet, err := objects(filepath.Join(root, "reconciler/config"), "fleetFile")
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(fleet, "fleetFile")
	if err != nil {
		return nil, err
	}
	pools, err := poolParts(root)
	if err != nil {
		return nil, err
	}
	environments, err := environmentParts(root)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"docs/reference/fleet.md":          []byte(fleetPage(fleet, "fleetFile")),
		"docs/reference/fleet.schema.json": schema,
		"docs/reference/agentpool.md":      []byte(kindPage(poolIntro, pools...)),
		"docs/reference/environment.md":    []byte(kindPage(environmentIntro, environments...)),
	}, nil
}

func poolParts(root string) ([]part, error) {
	crd, err := definition("agentpools.yaml")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "jenkins/pool")
	spec, err := objects(dir, "Spec")
	if err != nil {
		return nil, err
	}
	status, err := objects(dir, "Status")
	if err != nil {
		return nil, err
	}
	return []part{{spec, "Spec", "spec", crd.Properties["spec"]}, {status, "Status", "status", crd.Properties["status"]}}, nil
}

func environmentParts(root string) ([]part, error) {
	crd, err := definition("environments.yaml")
	if err != nil {
		return nil, err
	}
	status, err := objects(filepath.Join(root, "reconciler/status"), "Environment")
	if err != nil {
		return nil, err
	}
	spec := crd.Properties["spec"]
	return []part{{described(map[string]object{}, "spec", spec), "spec", "spec", spec}, {status, "Environment", "status", crd.Properties["status"]}}, nil
}
