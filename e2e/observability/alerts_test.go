package observability

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Labels of the series below.
const (
	process = `job="majordomo", namespace="majordomo", instance="10.0.0.1:8080"`
	linux   = `env="gke", namespace="ci", pool="linux"`
	master  = `env="gke", namespace="ci", secret="jenkins-api", url="http://jenkins"`
)

// situation is a course of things, and when an alert fires in it. Series have a value a minute: 0x5 is six times 0.
type situation struct {
	rule    string
	alert   string
	series  []string
	fires   time.Duration // -1: never
	summary string        // a part of it
}

const never = time.Duration(-1)

var situations = []situation{
	{"no process is scraped", "MajordomoDown", []string{`majordomo_build_info{` + process + `} 1x9 _x60`}, 19 * time.Minute, "No Majordomo"}, // a series lives on for 5 minutes
	{"it runs", "MajordomoDown", []string{`majordomo_build_info{` + process + `} 1x240`}, never, ""},
	{"a restart is short", "MajordomoDown", []string{`majordomo_build_info{` + process + `} 1x9 _x3 1x240`}, never, ""},

	{"two processes, and none leads", "NoLeader", []string{`majordomo_leader{` + process + `} 1x9 0x60`, `majordomo_leader{job="majordomo", namespace="majordomo", instance="b"} 0x70`}, 15 * time.Minute, "leads"},
	{"one waits while the other leads", "NoLeader", []string{`majordomo_leader{` + process + `} 1x240`, `majordomo_leader{job="majordomo", namespace="majordomo", instance="b"} 0x240`}, never, ""},

	{"killed every few minutes", "LeaderFlap", []string{`majordomo_leader{` + process + `} 1 1 0 0 1 1 0 0 1 1 0 0 1 1 0 0 1 1 0 0 1x10`}, 15 * time.Minute, "keeps changing"},
	{"one change of leaders, as a new version brings it", "LeaderFlap", []string{`majordomo_leader{` + process + `} 1x60 0x180`, `majordomo_leader{job="majordomo", namespace="majordomo", instance="b"} 0x62 1x180`}, never, ""},

	{"a panic in the loop", "Panics", []string{`majordomo_panics_total{` + process + `, component="loop"} 0x9 1x60`, `majordomo_fleet_panics_total{` + process + `} 0x70`}, 11 * time.Minute, "fault of its own"},
	{"a panic in the fleet", "Panics", []string{`majordomo_panics_total{` + process + `, component="loop"} 0x70`, `majordomo_fleet_panics_total{` + process + `} 0x9 1x60`}, 11 * time.Minute, "fault of its own"},
	{"a panic of long ago, and a restart", "Panics", []string{`majordomo_panics_total{` + process + `, component="loop"} 5x60 0x180`, `majordomo_fleet_panics_total{` + process + `} 3x60 0x180`}, never, ""},

	{"the repository answers no more", "SourceStale", []string{`majordomo_source_last_success_timestamp_seconds{source="https://git/x"} 0+60x20 1200x200`}, 36 * time.Minute, "https://git/x"},
	{"it has never answered", "SourceStale", []string{`majordomo_source_fetch_total{source="https://git/x", result="failed"} 1+2x200`}, 5 * time.Minute, "https://git/x"},
	{"it answers", "SourceStale", []string{`majordomo_source_last_success_timestamp_seconds{source="https://git/x"} 0+60x240`, `majordomo_source_fetch_total{source="https://git/x", result="failed"} 3x240`}, never, ""},
	{"it answers every few minutes", "SourceStale", []string{`majordomo_source_last_success_timestamp_seconds{source="https://git/x"} 0x8 540x8 1080x8`}, never, ""},

	{"letters are refused", "NotificationsFailing", []string{`majordomo_notifications_total{` + process + `, sink="mail", result="failed"} 0x9 1+1x60`}, 20 * time.Minute, "mail"},
	{"the queue is full", "NotificationsFailing", []string{`majordomo_notifications_total{` + process + `, sink="chat", result="dropped"} 0x9 9+9x60`}, 20 * time.Minute, "chat"},
	{"one was given up, long ago", "NotificationsFailing", []string{`majordomo_notifications_total{` + process + `, sink="mail", result="failed"} 1x240`}, never, ""},
	{"they are sent", "NotificationsFailing", []string{`majordomo_notifications_total{` + process + `, sink="mail", result="sent"} 0+5x240`}, never, ""},
	{"the disk is full", "HistoryNotWritten", []string{`majordomo_history_write_failures_total{` + process + `} 0x9 1+1x60`}, 25 * time.Minute, "history"},
	{"one write failed, long ago", "HistoryNotWritten", []string{`majordomo_history_write_failures_total{` + process + `} 1x240`}, never, ""},

	{"stalled", "EnvironmentStalled", []string{`majordomo_env_condition{env="gke", type="Stalled", status="True", reason="RenderFailed"} _x9 1x60`}, 14 * time.Minute, "gke is stalled"},
	{"stalled for one reason, then another", "EnvironmentStalled", []string{
		`majordomo_env_condition{env="gke", type="Stalled", status="True", reason="RenderFailed"} 1x2`, `majordomo_env_condition{env="gke", type="Stalled", status="True", reason="ApplyFailed"} _ _ _ 1x60`,
	}, 5 * time.Minute, "gke"},
	{"ready", "EnvironmentStalled", []string{`majordomo_env_condition{env="gke", type="Ready", status="True", reason="Synced"} 1x240`}, never, ""},

	{"on its way for long", "EnvironmentNotReady", []string{`majordomo_env_condition{env="gke", type="Ready", status="Unknown", reason="Progressing"} 1x60`}, 30 * time.Minute, "gke is not ready"},
	{"stalled, which has its own alert", "EnvironmentNotReady", []string{
		`majordomo_env_condition{env="gke", type="Ready", status="False", reason="RenderFailed"} 1x240`, `majordomo_env_condition{env="gke", type="Stalled", status="True", reason="RenderFailed"} 1x240`,
	}, never, ""},
	{"suspended by a person", "EnvironmentNotReady", []string{
		`majordomo_env_condition{env="gke", type="Ready", status="False", reason="ApplyFailed"} 1x240`, `majordomo_env_condition{env="gke", type="Suspended", status="True", reason="Suspended"} 1x240`,
	}, never, ""},
	{"a rollout of ten minutes", "EnvironmentNotReady", []string{`majordomo_env_condition{env="gke", type="Ready", status="Unknown", reason="Progressing"} 1x10`}, never, ""},

	{"nobody approves", "PruneHeld", []string{`majordomo_env_prune_held{env="gke"} 0x9 1x100`}, 70 * time.Minute, "gke waits"},
	{"approved after half an hour", "PruneHeld", []string{`majordomo_env_prune_held{env="gke"} 0x9 1x30 0x200`}, never, ""},

	{"two writers", "DriftFight", []string{`majordomo_env_drift_objects{env="gke"} 0x9 2x60`}, 20 * time.Minute, "gke back"},
	{"none", "DriftFight", []string{`majordomo_env_drift_objects{env="gke"} 0x240`}, never, ""},

	{"it answers no more", "JenkinsDown", []string{`majordomo_jenkins_up{` + master + `} 1x9 0x60`}, 15 * time.Minute, "http://jenkins"},
	{"one account is refused", "JenkinsDown", []string{`majordomo_jenkins_up{` + master + `} 1x60`, `majordomo_jenkins_up{env="gke", namespace="ci", secret="other", url="http://jenkins"} 0x60`}, 5 * time.Minute, "http://jenkins"},
	{"a restart of three minutes", "JenkinsDown", []string{`majordomo_jenkins_up{` + master + `} 1x9 0x3 1x200`}, never, ""},

	{"no answer is complete, and none fails", "JenkinsSampleStale", []string{`majordomo_jenkins_last_read_timestamp_seconds{` + master + `} 0+60x9 540x60`, `majordomo_jenkins_up{` + master + `} 1x70`}, 17 * time.Minute, "m 0s old"},
	{"it is down, which has its own alert", "JenkinsSampleStale", []string{`majordomo_jenkins_last_read_timestamp_seconds{` + master + `} 0x240`, `majordomo_jenkins_up{` + master + `} 0x240`}, never, ""},
	{"it is read every few seconds", "JenkinsSampleStale", []string{`majordomo_jenkins_last_read_timestamp_seconds{` + master + `} 0+60x240`, `majordomo_jenkins_up{` + master + `} 1x240`}, never, ""},

	{"one build waits for long", "QueueWaitHigh", []string{`majordomo_pool_queue_oldest_timestamp_seconds{` + linux + `} 60x60`}, 22 * time.Minute, "waited 21m 0s"}, // since minute 1; for over 15 minutes at minute 17
	{"builds come and go", "QueueWaitHigh", []string{`majordomo_pool_queue_oldest_timestamp_seconds{` + linux + `} 0+60x240`}, never, ""},
	{"no build waits", "QueueWaitHigh", []string{`majordomo_pool_queue_items{` + linux + `} 0x240`}, never, ""},

	{"at its maximum, with builds", "PoolAtMax", []string{`majordomo_pool_condition{` + linux + `, type="ScalingLimited", status="True", reason="AtMax"} 1x60`, `majordomo_pool_queue_items{` + linux + `} 7x60`}, 30 * time.Minute, "linux is at its maximum"},
	{"at its maximum, and it suffices", "PoolAtMax", []string{`majordomo_pool_condition{` + linux + `, type="ScalingLimited", status="True", reason="AtMax"} 1x240`, `majordomo_pool_queue_items{` + linux + `} 0x240`}, never, ""},
	{"held by its minimum", "PoolAtMax", []string{`majordomo_pool_condition{` + linux + `, type="ScalingLimited", status="True", reason="AtMin"} 1x240`, `majordomo_pool_queue_items{` + linux + `} 2x240`}, never, ""},

	{"a bad spec", "PoolStalled", []string{`majordomo_pool_condition{` + linux + `, type="ScalingActive", status="False", reason="InvalidSpec"} 1x60`, `majordomo_pool_condition{` + linux + `, type="JenkinsReachable", status="True", reason="JenkinsAnswers"} 1x60`}, 10 * time.Minute, "linux is not sized"},
	{"suspended by a person", "PoolStalled", []string{`majordomo_pool_condition{` + linux + `, type="ScalingActive", status="False", reason="Suspended"} 1x240`}, never, ""},
	{"its Jenkins is down, which has its own alert", "PoolStalled", []string{
		`majordomo_pool_condition{` + linux + `, type="ScalingActive", status="False", reason="JenkinsUnreachable"} 1x240`, `majordomo_pool_condition{` + linux + `, type="JenkinsReachable", status="False", reason="JenkinsUnreachable"} 1x240`,
	}, never, ""},

	{"an image that cannot be had, again and again", "AgentStartFailing", []string{`majordomo_pool_findings{` + linux + `, rule="ImageUnavailable"} 1x4 _x2 1x4 _x2 1x4 _x2 1x30`}, 15 * time.Minute, "linux do not come up"},
	{"a full cluster", "AgentStartFailing", []string{`majordomo_pool_condition{` + linux + `, type="ScalingLimited", status="True", reason="AgentsBlocked"} 1x60`}, 15 * time.Minute, "linux do not come up"},
	{"one slow agent", "AgentStartFailing", []string{`majordomo_pool_findings{` + linux + `, rule="Unschedulable"} 1x5`}, never, ""},
	{"a person took agents offline", "AgentStartFailing", []string{`majordomo_pool_findings{` + linux + `, rule="TakenOffline"} 3x240`}, never, ""},

	{"a build was lost", "BuildsLost", []string{`majordomo_pool_builds_lost_total{` + linux + `} 0x9 1x60`}, 11 * time.Minute, "linux that Majordomo removed"},
	{"none", "BuildsLost", []string{`majordomo_pool_builds_lost_total{` + linux + `} 0x240`}, never, ""},
}

func TestEveryAlertFiresWhenItShouldAndNotBefore(t *testing.T) {
	all, e := rules(t), engine(t)
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, s := range situations {
		fires[s.alert], quiet[s.alert] = fires[s.alert] || s.fires >= 0, quiet[s.alert] || s.fires < 0
		t.Run(s.alert+"/"+s.rule, func(t *testing.T) {
			got, fired := first(t, e, all[s.alert], load(t, s.series...))
			if !fired {
				got.at = never
			}
			if got.at != s.fires || !strings.Contains(got.summary, s.summary) {
				t.Errorf("fires at %s with %q, want at %s with %q", got.at, got.summary, s.fires, s.summary)
			}
		})
	}
	for name := range all {
		if !fires[name] || !quiet[name] {
			t.Errorf("alert %s needs a situation in which it fires (%v) and one in which it does not (%v)", name, fires[name], quiet[name])
		}
	}
}

func TestEveryAlertSaysWhatItIsAndWhereToRead(t *testing.T) {
	all := rules(t)
	for _, name := range []string{
		"JenkinsDown", "JenkinsSampleStale", "QueueWaitHigh", "PoolAtMax", "PoolStalled", "AgentStartFailing", "BuildsLost", "EnvironmentStalled", "EnvironmentNotReady",
		"PruneHeld", "DriftFight", "SourceStale", "MajordomoDown", "NoLeader", "LeaderFlap", "Panics", "NotificationsFailing", "HistoryNotWritten",
	} {
		if _, ok := all[name]; !ok {
			t.Errorf("no alert %s", name)
		}
	}
	severity := regexp.MustCompile(`^(critical|warning|info)$`)
	for name, r := range all {
		if r.For == 0 || !severity.MatchString(r.Labels["severity"]) {
			t.Errorf("%s: for %s, severity %q; want a time, and critical, warning or info", name, r.For, r.Labels["severity"])
		}
		for _, a := range []string{"summary", "description", "runbook"} {
			if r.Annotations[a] == "" {
				t.Errorf("%s: no %s", name, a)
			}
		}
	}
}
