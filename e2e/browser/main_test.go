// Package browser_test looks at the page as a person does: in a real Chromium, on the real handler, at worlds that are calm, large or hostile.
package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"

	"majordomo.dev/e2e/site"
)

// chromium is the one browser of all tests, nil where there is none on this machine.
var chromium context.Context

// ground is where majordomo itself runs, for the tests that look at its own page.
var ground *site.Ground

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return with(path, m)
		}
	}
	return site.Main(m, set)
}

func set(g *site.Ground) { ground = g }

// with runs the tests with this browser, in a profile that is new and goes afterwards.
func with(path string, m *testing.M) int {
	profile, err := os.MkdirTemp("", "majordomo-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(profile) }()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.Flag("headless", "new")}
	for _, flag := range []string{
		"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check", "disable-background-networking", "disable-component-update",
		"disable-sync", "disable-dev-shm-usage", "disable-extensions", "disable-default-apps", "disable-breakpad", "disable-background-timer-throttling",
		"disable-backgrounding-occluded-windows", "disable-renderer-backgrounding", "disable-ipc-flooding-protection", "hide-scrollbars", "mute-audio",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	options = append(options, chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US"))
	allocator, ended := chromedp.NewExecAllocator(context.Background(), options...)
	defer ended()
	ctx, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "start %s: %v\n", path, err)
		return 1
	}
	chromium = ctx
	return site.Main(m, set)
}

// needChromium skips the test where there is no browser, unless the machine is to have all tools.
func needChromium(t *testing.T) {
	t.Helper()
	const missing = "chromium is not installed, so the page was not looked at: apt-get install chromium"
	switch {
	case chromium != nil:
	case os.Getenv("MAJORDOMO_REQUIRE_TOOLS") == "1":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}
