package jenkinstest

import "testing"

func TestLabelExpressionsAreThoseOfJenkins(t *testing.T) {
	linux, docker := map[string]bool{"linux": true}, map[string]bool{"linux": true, "docker": true}
	for text, want := range map[string]struct {
		name          string
		linux, docker bool
	}{
		"linux":                 {"linux", true, true},
		"linux && docker":       {"linux&&docker", false, true},
		" linux&&  !docker ":    {"linux&&!docker", true, false},
		"windows||(linux)":      {"windows||(linux)", true, true},
		"linux -> docker":       {"linux->docker", false, true},
		"linux <-> docker":      {"linux<->docker", false, true},
		"a <-> b":               {"a<->b", true, true},
		"!linux":                {"!linux", false, false},
		`"linux" && "a b"`:      {`linux&&"a b"`, false, false},
		"docker || linux && !x": {"docker||linux&&!x", true, true},
		"arm-64_x.y:1":          {"arm-64_x.y:1", false, false},
	} {
		l, err := parseLabel(text, false)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if l.name != want.name || l.matches(linux) != want.linux || l.matches(docker) != want.docker {
			t.Errorf("%q is %s, matches linux %t, linux docker %t, want %+v", text, l.name, l.matches(linux), l.matches(docker), want)
		}
	}
	for _, text := range []string{"", "linux &&", "a b", "!!a", "(a", "a)", "a&b", "a -> b -> c", `"a`, "||"} {
		if l, err := parseLabel(text, false); err == nil {
			t.Errorf("%q was taken as %s", text, l.name)
		}
	}
	if _, err := parseLabel("linux->docker", true); err == nil {
		t.Error("an old Jenkins takes linux->docker without spaces")
	}
	if l, err := parseLabel("linux->docker", false); err != nil || l.name != "linux->docker" {
		t.Errorf("a new Jenkins reads linux->docker as %+v, %v", l, err)
	}
}

func TestSpansAreWrittenAsJenkinsDoes(t *testing.T) {
	for millis, want := range map[int64]string{
		4830: "4.8 sec", 18000: "18 sec", 72000: "1 min 12 sec", 12 * 60000: "12 min", 12_000_000: "3 hr 20 min", 250: "0.25 sec", 40: "40 ms",
	} {
		if got := span(fromMillis(millis)); got != want {
			t.Errorf("span(%d ms) = %s, want %s", millis, got, want)
		}
	}
}
