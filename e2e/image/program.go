package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// commit is what the image is built from. Its time is the only one in the image.
type commit struct {
	hash string
	time time.Time
}

// head returns the checked out commit. Outside of a checkout, SOURCE_DATE_EPOCH gives the time (https://reproducible-builds.org/specs/source-date-epoch).
func head(ctx context.Context) (commit, error) {
	out, err := exec.CommandContext(ctx, "git", "log", "-1", "--format=%H %ct").Output()
	hash, seconds, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil {
		hash = "unknown"
		if seconds = os.Getenv("SOURCE_DATE_EPOCH"); seconds == "" {
			return commit{}, fmt.Errorf("no commit to build from (%w); outside of a checkout set SOURCE_DATE_EPOCH, in seconds", err)
		}
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return commit{}, fmt.Errorf("time of the commit, or SOURCE_DATE_EPOCH: %q is no number of seconds", seconds)
	}
	return commit{hash: hash, time: time.Unix(n, 0).UTC()}, nil
}

// compile builds the program for a platform, statically, and returns it with what it was made of.
func compile(ctx context.Context, o options, platform, file string) ([]byte, *buildinfo.BuildInfo, error) {
	goos, arch, ok := strings.Cut(platform, "/")
	if !ok || goos != "linux" || arch == "" {
		return nil, nil, fmt.Errorf("platform %q: linux/ARCHITECTURE is needed, as in linux/arm64", platform)
	}
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "timetzdata", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.commit="+o.commit.hash, "-o", file, o.source)
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+goos, "GOARCH="+arch)
	c.Stderr = os.Stderr
	fmt.Fprintf(os.Stderr, "build %s for %s\n", o.source, platform)
	if err := c.Run(); err != nil {
		return nil, nil, fmt.Errorf("go build for %s: %w", platform, err)
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	program, err := os.ReadFile(file)
	return program, info, err
}
