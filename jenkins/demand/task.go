package demand

import (
	"net/url"
	"slices"
	"strings"

	"majordomo.dev/jenkins"
)

// flyweights are the classes of what runs beside the executors of the built-in node.
var flyweights = []string{
	"org.jenkinsci.plugins.workflow.job.WorkflowJob",
	"org.jenkinsci.plugins.workflow.job.AfterRestartTask",
	"org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject",
	"jenkins.branch.OrganizationFolder",
	"hudson.matrix.MatrixProject",
}

func flyweight(class string) bool {
	return slices.Contains(flyweights, class)
}

// jobName returns the full name of the job that a task belongs to, "" if it is not told. The task of a pipeline's step is called
// "part of shop/main #12", or "shop/main #12 (tests)", and its URL is that of the run.
func jobName(t jenkins.Task) string {
	name := t.FullName
	if name == "" {
		name = pathName(t.URL)
	}
	if name == "" {
		name = strings.TrimPrefix(t.Name, "part of ")
		if i := strings.LastIndex(name, " #"); i > 0 {
			name = name[:i]
		}
	}
	return clean(name)
}

// pathName takes the name of a job from its URL, or that of a run: http://jenkins/job/shop/job/main/12/ is shop/main.
func pathName(of string) string {
	var parts []string
	rest := of
	for {
		_, after, ok := strings.Cut("/"+rest, "/job/")
		if !ok {
			return strings.Join(parts, "/")
		}
		part, further, _ := strings.Cut(after, "/")
		if decoded, err := url.PathUnescape(part); err == nil {
			part = decoded
		}
		parts = append(parts, part)
		rest = further
	}
}
