package observability

import "fmt"

// variables are the choices above the panels.
var variables = []variable{
	{"env", "Environment", "label_values(majordomo_env_objects, env)"},
	{"namespace", "Namespace", `label_values(majordomo_pool_desired{env=~"$env"}, namespace)`},
	{"pool", "Pool", `label_values(majordomo_pool_desired{env=~"$env", namespace=~"$namespace"}, pool)`},
}

// What a query goes by.
const (
	ofEnv  = `env=~"$env"`
	ofPool = `env=~"$env", namespace=~"$namespace", pool=~"$pool"`
)

var (
	good    = []step{{0, "green"}, {1, "red"}}
	present = []step{{0, "red"}, {1, "green"}}
	yesNo   = map[string]string{"0": "no", "1": "yes"}
)

// rows are the dashboard, from top to bottom.
func rows() []row { return []row{environments(), pools(), masters(), self()} }

func environments() row {
	return row{"Environments", []panel{
		{kind: "stat", title: "Ready", help: "Environments that are as Git says, and healthy.", width: 6, steps: present, texts: yesNo, queries: []query{
			{fmt.Sprintf(`max by (env) (majordomo_env_condition{%s, type="Ready", status="True"} or 0 * majordomo_env_objects{%s})`, ofEnv, ofEnv), "{{env}}"},
		}},
		{kind: "table", title: "Conditions", help: "What each environment says of itself.", width: 12, queries: []query{
			{fmt.Sprintf(`sum by (env, type, status, reason) (majordomo_env_condition{%s})`, ofEnv), ""},
		}},
		{kind: "stat", title: "Prunes that wait for approval", help: "A commit deletes more than fleet.yaml lets go: majordomo approve.", width: 6, steps: []step{{0, "green"}, {1, "orange"}}, texts: yesNo, queries: []query{
			{fmt.Sprintf(`max by (env) (majordomo_env_prune_held{%s})`, ofEnv), "{{env}}"},
		}},
		{kind: "timeseries", title: "Syncs", help: "Syncs that changed anything, by what came of them.", width: 8, queries: []query{
			{fmt.Sprintf(`sum by (env, result) (increase(majordomo_env_sync_total{%s}[$__rate_interval]))`, ofEnv), "{{env}} {{result}}"},
		}},
		{kind: "timeseries", title: "Duration of syncs, 95 %", help: "By phase, over all environments chosen.", unit: "s", width: 8, queries: []query{
			{fmt.Sprintf(`histogram_quantile(0.95, sum by (le, phase) (rate(majordomo_env_sync_duration_seconds_bucket{%s}[$__rate_interval])))`, ofEnv), "{{phase}}"},
		}},
		{kind: "timeseries", title: "Since the last sync", unit: "s", help: "How long ago anything was applied. It grows while Git and cluster stay as they are.", width: 8, queries: []query{
			{fmt.Sprintf(`time() - max by (env) (majordomo_env_last_applied_timestamp_seconds{%s})`, ofEnv), "{{env}}"},
		}},
		{kind: "timeseries", title: "Drift repaired", help: "Objects that somebody else had changed or deleted.", width: 8, queries: []query{
			{fmt.Sprintf(`sum by (env, kind) (increase(majordomo_env_drift_detected_total{%s}[$__rate_interval]))`, ofEnv), "{{env}} {{kind}}"},
		}},
		{kind: "timeseries", title: "Fights", help: "Objects that another writer keeps changing back.", width: 8, queries: []query{
			{fmt.Sprintf(`max by (env) (majordomo_env_drift_objects{%s})`, ofEnv), "{{env}}"},
		}},
		{kind: "timeseries", title: "Objects, pruned and held back", help: "Objects per environment; deletions; acts that a safety gate held back.", width: 8, queries: []query{
			{fmt.Sprintf(`max by (env) (majordomo_env_objects{%s})`, ofEnv), "{{env}} objects"},
			{fmt.Sprintf(`sum by (env) (increase(majordomo_env_pruned_total{%s}[$__rate_interval]))`, ofEnv), "{{env}} pruned"},
			{fmt.Sprintf(`sum by (env, gate) (increase(majordomo_safety_gate_total{%s}[$__rate_interval]))`, ofEnv), "{{env}} held by {{gate}}"},
		}},
	}}
}

func pools() row {
	agents := panel{
		kind: "timeseries", title: "Agents", help: "Agents by what they do, stacked, against what is wanted and allowed.", width: 12, stacked: true,
		colors: map[string]string{"busy": "blue", "idle": "green", "starting": "yellow", "draining": "orange", "offline": "red", "desired": "text", "min": "purple", "max": "dark-red"},
	}
	for _, state := range []string{"busy", "idle", "starting", "draining", "offline"} {
		agents.queries = append(agents.queries, query{fmt.Sprintf(`sum(majordomo_pool_agents{%s, state="%s"})`, ofPool, state), state})
	}
	for _, limit := range []string{"desired", "min", "max"} {
		agents.queries = append(agents.queries, query{fmt.Sprintf(`sum(majordomo_pool_%s{%s})`, limit, ofPool), limit})
	}
	return row{"Pools of agents", []panel{
		agents,
		{kind: "timeseries", title: "Builds that wait", help: "In the queue of Jenkins for an agent of the pool.", width: 6, stacked: true, queries: []query{
			{fmt.Sprintf(`sum by (namespace, pool) (majordomo_pool_queue_items{%s})`, ofPool), "{{namespace}}/{{pool}}"},
		}},
		{kind: "timeseries", title: "Oldest wait", help: "How long the oldest of them has waited.", unit: "s", width: 6, queries: []query{
			{fmt.Sprintf(`time() - min by (namespace, pool) (majordomo_pool_queue_oldest_timestamp_seconds{%s})`, ofPool), "{{namespace}}/{{pool}}"},
		}},
		{kind: "timeseries", title: "Waits", help: "How long builds waited that have begun, to within the time between two looks at Jenkins.", unit: "s", width: 6, queries: []query{
			{fmt.Sprintf(`histogram_quantile(0.5, sum by (le) (rate(majordomo_pool_queue_wait_seconds_bucket{%s}[$__rate_interval])))`, ofPool), "half"},
			{fmt.Sprintf(`histogram_quantile(0.95, sum by (le) (rate(majordomo_pool_queue_wait_seconds_bucket{%s}[$__rate_interval])))`, ofPool), "95 %"},
		}},
		{kind: "timeseries", title: "Scaled up and down", help: "Changes of the replicas.", width: 6, queries: []query{
			{fmt.Sprintf(`sum by (pool, direction) (increase(majordomo_pool_scale_total{%s}[$__rate_interval]))`, ofPool), "{{pool}} {{direction}}"},
		}},
		{kind: "timeseries", title: "Start-up of agents", help: "From the pod to the registration in Jenkins.", unit: "s", width: 6, queries: []query{
			{fmt.Sprintf(`histogram_quantile(0.5, sum by (le) (rate(majordomo_pool_agent_startup_seconds_bucket{%s}[$__rate_interval])))`, ofPool), "half"},
			{fmt.Sprintf(`histogram_quantile(0.95, sum by (le) (rate(majordomo_pool_agent_startup_seconds_bucket{%s}[$__rate_interval])))`, ofPool), "95 %"},
		}},
		{kind: "timeseries", title: "Acts on pods and nodes", help: "Marked, parked, removed, brought back.", width: 6, queries: []query{
			{fmt.Sprintf(`sum by (op) (increase(majordomo_pool_steps_total{%s}[$__rate_interval]))`, ofPool), "{{op}}"},
		}},
		{kind: "state-timeline", title: "Gates of scaling down", help: "Agents are only stopped while all of them are open.", width: 12, steps: present, texts: map[string]string{"0": "shut", "1": "open"}, queries: []query{
			{fmt.Sprintf(`min by (pool, gate) (majordomo_pool_scale_down_gate{%s})`, ofPool), "{{pool}} {{gate}}"},
		}},
		{kind: "table", title: "Conditions", help: "What each pool says of itself.", width: 12, queries: []query{
			{fmt.Sprintf(`sum by (env, namespace, pool, type, status, reason) (majordomo_pool_condition{%s})`, ofPool), ""},
		}},
		{kind: "timeseries", title: "Agents that something is wrong with", help: "By the rule that found it.", width: 12, stacked: true, queries: []query{
			{fmt.Sprintf(`sum by (pool, rule) (majordomo_pool_findings{%s})`, ofPool), "{{pool}} {{rule}}"},
		}},
		{kind: "stat", title: "Builds lost", help: "Builds on agents that Majordomo removed. It should be 0.", width: 12, steps: good, queries: []query{
			{fmt.Sprintf(`sum by (namespace, pool) (majordomo_pool_builds_lost_total{%s})`, ofPool), "{{namespace}}/{{pool}}"},
		}},
	}}
}

func masters() row {
	return row{"Jenkins", []panel{
		{kind: "stat", title: "Answers", help: "Whether each Jenkins answers as it should.", width: 6, steps: present, texts: yesNo, queries: []query{
			{fmt.Sprintf(`min by (env, url) (majordomo_jenkins_up{%s})`, ofEnv), "{{env}} {{url}}"},
		}},
		{kind: "timeseries", title: "Age of what is known", help: "Time since the last complete answer.", unit: "s", width: 6, queries: []query{
			{fmt.Sprintf(`time() - min by (env, url) (majordomo_jenkins_last_read_timestamp_seconds{%s})`, ofEnv), "{{env}} {{url}}"},
		}},
		{kind: "timeseries", title: "Time to answer, 95 %", help: "By kind of request.", unit: "s", width: 6, queries: []query{
			{fmt.Sprintf(`histogram_quantile(0.95, sum by (le, url, endpoint) (rate(majordomo_jenkins_request_duration_seconds_bucket{%s}[$__rate_interval])))`, ofEnv), "{{url}} {{endpoint}}"},
		}},
		{kind: "timeseries", title: "Requests", help: "By kind and answer; code 0 is for none.", unit: "reqps", width: 6, queries: []query{
			{fmt.Sprintf(`sum by (endpoint, code) (rate(majordomo_jenkins_request_duration_seconds_count{%s}[$__rate_interval]))`, ofEnv), "{{endpoint}} {{code}}"},
		}},
	}}
}

func self() row {
	return row{"Majordomo itself", []panel{
		{kind: "stat", title: "Leads", help: "Which process writes.", width: 6, steps: []step{{0, "text"}, {1, "green"}}, texts: yesNo, queries: []query{{`majordomo_leader`, "{{instance}}"}}},
		{kind: "table", title: "Version", help: "Program and commit of each process.", width: 6, queries: []query{{`max by (instance, version, revision, goversion) (majordomo_build_info)`, ""}}},
		{kind: "table", title: "Commit", help: "Newest commit of the config repository.", width: 6, queries: []query{{`max by (source, revision) (majordomo_source_revision_info)`, ""}}},
		{kind: "timeseries", title: "Age of the repository's last answer", help: "Time since the config repository answered last.", unit: "s", width: 6, queries: []query{
			{`time() - max by (source) (majordomo_source_last_success_timestamp_seconds)`, "{{source}}"},
		}},
		{kind: "timeseries", title: "Looks at the repository", help: "By what came of them.", unit: "ops", width: 8, queries: []query{{`sum by (result) (rate(majordomo_source_fetch_total[$__rate_interval]))`, "{{result}}"}}},
		{kind: "timeseries", title: "Duration of these", help: "ls-remote, and the fetch where there is a new commit.", unit: "s", width: 8, queries: []query{
			{`histogram_quantile(0.5, sum by (le) (rate(majordomo_source_fetch_duration_seconds_bucket[$__rate_interval])))`, "half"},
			{`histogram_quantile(0.95, sum by (le) (rate(majordomo_source_fetch_duration_seconds_bucket[$__rate_interval])))`, "95 %"},
		}},
		{kind: "timeseries", title: "Webhooks", help: "By sender and answer.", unit: "ops", width: 8, queries: []query{{`sum by (provider, result) (rate(majordomo_webhook_requests_total[$__rate_interval]))`, "{{provider}} {{result}}"}}},
		{kind: "timeseries", title: "Requests to API servers", help: "Of both lines; code <error> is for no answer.", unit: "reqps", width: 8, queries: []query{{`sum by (method, code) (rate(rest_client_requests_total[$__rate_interval]))`, "{{method}} {{code}}"}}},
		{kind: "timeseries", title: "Time until they answer, 95 %", help: "By verb.", unit: "s", width: 8, queries: []query{
			{`histogram_quantile(0.95, sum by (le, verb) (rate(rest_client_request_duration_seconds_bucket[$__rate_interval])))`, "{{verb}}"},
		}},
		{kind: "timeseries", title: "Notifications", help: "By sink and what came of them: sent, failed after all tries, dropped from a full queue.", width: 8, queries: []query{
			{`sum by (sink, result) (increase(majordomo_notifications_total[$__rate_interval]))`, "{{sink}} {{result}}"},
		}},
		{kind: "timeseries", title: "Not told or not kept", help: "Spans that no collector took; writes of the history that failed.", width: 8, queries: []query{
			{`sum by (result) (increase(majordomo_spans_total{result!="sent"}[$__rate_interval]))`, "spans {{result}}"},
			{`sum(increase(majordomo_history_write_failures_total[$__rate_interval]))`, "history"},
		}},
		{kind: "timeseries", title: "Panics", help: "That were recovered. It should be 0.", width: 8, queries: []query{
			{`sum by (component) (increase(majordomo_panics_total[$__rate_interval]))`, "{{component}}"},
			{`sum(increase(majordomo_fleet_panics_total[$__rate_interval]))`, "fleet"},
		}},
		{kind: "timeseries", title: "Memory", help: "Resident, and what Go has in use.", unit: "bytes", width: 8, queries: []query{
			{`process_resident_memory_bytes and on (job, instance) majordomo_build_info`, "{{instance}} resident"},
			{`go_memstats_heap_inuse_bytes and on (job, instance) majordomo_build_info`, "{{instance}} heap"},
		}},
		{kind: "timeseries", title: "Processor", help: "Cores in use.", width: 8, queries: []query{{`rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) majordomo_build_info`, "{{instance}}"}}},
		{kind: "timeseries", title: "Goroutines and open files", help: "Both are bounded.", width: 8, queries: []query{
			{`go_goroutines and on (job, instance) majordomo_build_info`, "{{instance}} goroutines"},
			{`process_open_fds and on (job, instance) majordomo_build_info`, "{{instance}} files"},
		}},
	}}
}
