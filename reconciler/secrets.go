package main

import (
	"log/slog"

	"majordomo.dev/reconciler/config"
	"majordomo.dev/reconciler/secret"
)

// secretOf reads the secret in the file of an option, none where that names no file. It warns of a file that everybody may read.
func secretOf(option, file string, warn func(string)) (secret.String, error) {
	if file == "" {
		return secret.String{}, nil
	}
	s, warning, err := config.SecretFile(file)
	if err != nil {
		return secret.String{}, usagef("--%s: %w", option, err)
	}
	if warning != "" {
		warn(warning)
	}
	return s, nil
}

// told warns the person at the command line.
func (a *app) told(warning string) { a.warn("%s", warning) }

// logged warns whoever reads the log.
func logged(log *slog.Logger) func(string) {
	return func(warning string) { log.Warn("secret file", "reason", warning) }
}
