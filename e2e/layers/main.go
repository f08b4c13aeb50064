// Command layers proves that the code keeps the structure that docs/design.md promises: which package may import which,
// what a core package may touch, how long functions and files may be, what packages may be called. It prints every place
// that breaks a rule as file:line: rule, and ends with 1 if there is any.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var packages []pkg
	for _, module := range []string{".", "e2e/cluster", "e2e/observability"} {
		part, err := list(ctx, module, "./...")
		if err != nil {
			fmt.Fprintln(os.Stderr, "layers:", err)
			os.Exit(2)
		}
		packages = append(packages, part...)
	}
	found := check(packages)
	for _, f := range found {
		fmt.Println(f)
	}
	if len(found) > 0 {
		fmt.Fprintf(os.Stderr, "layers: %d places break the structure\n", len(found))
		os.Exit(1)
	}
	files := 0
	for _, p := range packages {
		files += len(p.files)
	}
	fmt.Printf("layers: %d packages, %d files: every import points from rim to core, and the sizes hold\n", len(packages), files)
}

// check applies every rule to every package.
func check(packages []pkg) []finding {
	var found []finding
	for _, p := range packages {
		found = append(found, checkName(p)...)
		found = append(found, checkImports(p)...)
		found = append(found, checkPurity(p)...)
		for _, f := range p.files {
			found = append(found, checkSize(f)...)
		}
	}
	slices.SortFunc(found, finding.compare)
	return found
}
