package config

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"majordomo.dev/reconciler/secret"
)

// SecretFile reads a secret from a file, without the line end that editors and kubectl add. A warning says when others than the
// owner and group may read the file.
func SecretFile(path string) (s secret.String, warning string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return secret.String{}, "", fmt.Errorf("secret file: %w", err)
	}
	const largest = 64 << 10
	if !info.Mode().IsRegular() || info.Size() > largest {
		return secret.String{}, "", fmt.Errorf("secret file %s: is no regular file of up to 64 KiB", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return secret.String{}, "", fmt.Errorf("secret file: %w", err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if strings.TrimSpace(text) == "" || bytes.IndexByte(data, 0) >= 0 {
		return secret.String{}, "", fmt.Errorf("secret file %s: is empty or no text", path)
	}
	if info.Mode().Perm()&0o004 != 0 {
		warning = fmt.Sprintf("secret file %s can be read by every user (mode %04o); chmod 0600 it", path, info.Mode().Perm())
	}
	return secret.New(text), warning, nil
}
