package main

import (
	"time"

	"github.com/spf13/cobra"
)

// completionTimeout is how long a person who pressed the tab key waits at most.
const completionTimeout = 2 * time.Second

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print the completion script of a shell", GroupID: groupSelf,
		Long: `Print the script that completes commands, flags and names of environments in a shell.`,
		Example: `  source <(majordomo completion bash)
  majordomo completion zsh > "${fpath[1]}/_majordomo"
  majordomo completion fish > ~/.config/fish/completions/majordomo.fish
  majordomo completion powershell | Out-String | Invoke-Expression`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"}, Args: arguments(1, 1, "a shell: bash, zsh, fish or powershell"), Annotations: codes(),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return usagef("no completion for %q; allowed: bash, zsh, fish, powershell", args[0])
		},
	}
}

// completeDirectory completes the names of the environments of a plain directory.
func (a *app) completeDirectory(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	path, _ := c.Flags().GetString("path")
	r, err := a.directory(path)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer r.close()
	fleet, err := r.fleet()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, e := range fleet.Environments {
		names = append(names, e.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
