package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/object"
	"majordomo.dev/reconciler/plan"
	"majordomo.dev/reconciler/render"
)

func (a *app) validateCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "validate [PATH]", Short: "Check fleet.yaml and every overlay", GroupID: groupOffline,
		Long: `Check a config repository in a plain directory: fleet.yaml, every overlay that it names,
what they render to, and where that would be refused. All findings are reported, each
with its file and line. It needs no cluster and no network.`,
		Example: `  majordomo validate                        the config repository around the working directory
  majordomo validate ~/fleet -o json        another one, for a program
  majordomo validate -o github              as annotations of a GitHub workflow
  majordomo validate --strict -o sarif      warnings fail too; for code scanning`,
		Args: arguments(0, 1, "at most one directory"), Annotations: codes("0 no findings, or only warnings", "1 errors; with --strict, also warnings"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	strict := c.Flags().Bool("strict", false, "warnings fail too")
	o := outputFlag(c, asText, asJSON, asGitHub, asSARIF)
	c.RunE = func(c *cobra.Command, args []string) error {
		path := ""
		if len(args) > 0 {
			path = args[0]
		}
		r, err := a.directory(path)
		if err != nil {
			return err
		}
		defer r.close()
		found, err := validate(c.Context(), r)
		if err != nil {
			return err
		}
		if err := a.report(o, r, found); err != nil {
			return err
		}
		if bad := count(found, severityError); bad > 0 || *strict && len(found) > 0 {
			return exit{code: exitFailure}
		}
		return nil
	}
	return c
}

// checked is what validation has of one environment.
type checked struct {
	env     config.Environment
	result  render.Result
	desired plan.Desired
}

// validate returns everything that is wrong or doubtful. An error means that it could not look.
func validate(ctx context.Context, r *repository) ([]finding, error) {
	envs := []config.Environment{{Path: r.overlay}}
	if r.overlay == "" {
		fleet, err := r.fleet()
		if err != nil {
			return sortFindings(findings(err, severityError, ruleFleet, "")), nil
		}
		envs = fleet.Environments
	}
	var (
		found []finding
		good  []checked
	)
	for _, env := range envs {
		res, err := r.render(ctx, env.Path)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			found = append(found, findings(err, severityError, ruleRender, env.Name)...)
			continue
		}
		one := checked{env: env, result: res, desired: desired(env, res.Objects)}
		good = append(good, one)
		found = append(found, one.findings(r)...)
	}
	return sortFindings(append(found, claimedTwice(r, good)...)), nil
}

// findings returns what is doubtful about an environment that renders.
func (c checked) findings(r *repository) []finding {
	var out []finding
	for _, w := range c.result.Warnings {
		f := finding{Severity: severityWarning, Rule: ruleWarning, Environment: c.env.Name}
		f.File, f.Line, f.Message = place(w)
		out = append(out, f)
	}
	for _, s := range c.desired.Refused {
		if c.env.Name != "" {
			out = append(out, c.about(r, s.ID, severityError, ruleBounds, s.Reason))
		}
	}
	out = append(out, c.poolFindings(r)...)
	targets := c.poolTargets()
	for _, id := range c.result.Objects.IDs() {
		o := c.result.Objects[id]
		for _, i := range images(o) {
			if why := unpinned(i.image); why != "" {
				f := c.about(r, id, severityWarning, ruleImage, fmt.Sprintf("image %q %s; pin a version, or a digest", i.image, why))
				out = append(out, f.at(c, r, i.field, i.image))
			}
		}
		if _, states := o.Get(object.Pointer{"spec", "replicas"}); states && targets[id] != "" {
			f := c.about(r, id, severityWarning, ruleReplicas, fmt.Sprintf("has no effect, for AgentPool %s scales it; leave the field out", targets[id]))
			out = append(out, f.at(c, r, ".spec.replicas", ""))
		}
	}
	return out
}

// about makes a finding about an object, with the file that it comes from.
func (c checked) about(r *repository, id object.ID, severity, rule, message string) finding {
	f := finding{Severity: severity, Rule: rule, Object: id.String(), Environment: c.env.Name, Message: message, id: id}
	f.File, _ = c.origin(r, id, "", "")
	return f
}

// at narrows a finding to a field, and to its line.
func (f finding) at(c checked, r *repository, field, value string) finding {
	f.Field = field
	f.File, f.Line = c.origin(r, f.id, field, value)
	return f
}

// claimedTwice finds objects that two environments of one cluster have: the second would be refused.
func claimedTwice(r *repository, good []checked) []finding {
	type key struct {
		context string
		id      object.ID
	}
	first := map[key]string{}
	var out []finding
	for _, c := range good {
		for _, id := range c.desired.IDs() {
			k := key{c.env.Context, id}
			if other := first[k]; other != "" {
				out = append(out, c.about(r, id, severityError, ruleClaimed, fmt.Sprintf("environment %s of the same cluster has it too; only one may", other)))
				continue
			}
			first[k] = c.env.Name
		}
	}
	return out
}

func count(list []finding, severity string) int {
	n := 0
	for _, f := range list {
		if f.Severity == severity {
			n++
		}
	}
	return n
}
