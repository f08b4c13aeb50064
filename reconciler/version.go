package main

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is what `majordomo version` prints.
type version struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Version    string `json:"version"`
	Revision   string `json:"revision,omitempty"` // commit that the program was built from
	Modified   bool   `json:"modified,omitempty"` // built from more than that commit
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

// commit is set by the linker where the build does not ask git.
var commit string

// build returns what the program knows of its own build.
func build() version {
	v := version{APIVersion: apiVersion, Kind: "Version", Version: "devel", Revision: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok || commit != "" {
		return v
	}
	if info.Main.Version != "(devel)" {
		v.Version = cmp.Or(info.Main.Version, v.Version)
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "version", Short: "Print the program's version", GroupID: groupSelf, Args: arguments(0, 0, "no argument"), Annotations: codes(),
		Example: `  majordomo version
  majordomo version -o json
  majordomo version -o yaml`,
	}
	o := outputFlag(c, asText, asJSON, asYAML)
	c.RunE = func(*cobra.Command, []string) error {
		v := build()
		if o.form != asText {
			return a.data(o, v)
		}
		a.printf("majordomo %s (%s, %s)\n", v.Version, v.Go, v.Platform)
		return nil
	}
	return c
}
