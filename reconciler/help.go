package main

import (
	"fmt"
	"strings"
)

// exitCodes is the key of a command's annotation with what its exit codes mean.
const exitCodes = "exit-codes"

// codes returns the annotation for a command: the codes that all have, and what it uses in its own way.
func codes(own ...string) map[string]string {
	meaning := map[string]string{
		"0": "done", "1": "failed", "2": "wrong usage or invalid input", "3": "timeout", "4": "credentials or a right are missing",
		"5": "held by a safety gate", "6": "not found", "130": "interrupted",
	}
	for _, o := range own {
		code, text, _ := strings.Cut(o, " ")
		meaning[code] = text
	}
	var lines []string
	for _, code := range []string{"0", "1", "2", "3", "4", "5", "6", "130"} {
		lines = append(lines, fmt.Sprintf("  %-4s%s", code, meaning[code]))
	}
	return map[string]string{exitCodes: strings.Join(lines, "\n")}
}

const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .Aliases}}

Aliases: {{.NameAndAliases}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{$cmd := .}}{{range .Groups}}

{{.Title}}{{$group := .ID}}{{range $cmd.Commands}}{{if and (eq .GroupID $group) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of all commands:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{with index .Annotations "exit-codes"}}

Exit codes:
{{.}}{{end}}
`
