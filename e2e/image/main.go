// Command image builds majordomo's container image without a container engine: an OCI layout for all platforms, an archive for docker load,
// and the list of what is in it (SPDX). The same commit gives the same bytes everywhere.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// options is what is built, and where to.
type options struct {
	source    string // of the program: a Go package in the working directory
	out       string
	tag       string
	platforms []string
	commit    commit
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", "./reconciler", "the program, as a Go package")
	flags.StringVar(&o.out, "out", "bin/image", "directory for the result; replaced")
	flags.StringVar(&o.tag, "tag", "majordomo.dev/majordomo:0.1.0", "name of the image")
	platforms := flags.String("platforms", "linux/amd64,linux/arm64", "platforms, separated by commas")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.platforms = strings.Split(*platforms, ",")
	var err error
	if o.commit, err = head(ctx); err != nil {
		return err
	}
	began := time.Now()
	digest, err := build(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("%s@%s\n", o.tag, digest)
	fmt.Fprintf(os.Stderr, "%s for %s in %s, from commit %.7s, in %s\n", o.tag, *platforms, o.out, o.commit.hash, time.Since(began).Round(time.Second))
	for _, hint := range []string{
		"docker load < " + filepath.Join(o.out, "majordomo-linux-amd64.tar"),
		"skopeo copy --all oci:" + o.out + " docker://REGISTRY/majordomo:0.1.0",
	} {
		fmt.Fprintln(os.Stderr, "  "+hint)
	}
	return nil
}
