package jenkinstest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// actJob answers what is asked of a job, of a folder, or of a build.
func (r *request) actJob() *answer {
	name, rest := jobName(r.path)
	if r.w.folders[name] && len(rest) == 1 && rest[0] == "createItem" {
		return r.createItem(name + "/")
	}
	j := r.w.jobs[name]
	if j == nil || !r.sees(j) || len(rest) == 0 {
		return r.missing()
	}
	switch rest[0] {
	case "build", "buildWithParameters":
		return r.orderBuild(j, rest[0] == "buildWithParameters")
	case "disable", "enable":
		return r.enable(j, rest[0] == "enable")
	case "doDelete":
		if a := r.post(JobConfig); a != nil {
			return a
		}
		r.w.dropItems(j)
		delete(r.w.jobs, name)
		return redirect(r.Request, "/")
	case "config.xml":
		return r.jobConfig(j)
	}
	b := j.build(rest[0])
	switch {
	case b == nil || len(rest) != 2:
		return r.missing()
	case rest[1] == "consoleText":
		return newAnswer(http.StatusOK, "text/plain;charset=utf-8", []byte(b.console()))
	case rest[1] == "stop":
		if a := r.post(Cancel); a != nil {
			return a
		}
		r.w.end(b, "ABORTED")
		return redirect(r.Request, "/"+jobPath(name)+strconv.Itoa(b.number)+"/")
	}
	return r.missing()
}

func (r *run) console() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Started by user %s\nBuilding on %s\n", strings.Join(r.users, ", "), r.node)
	if r.result != "" {
		fmt.Fprintf(&b, "Finished: %s\n", r.result)
	}
	return b.String()
}

// orderBuild asks for a build.
func (r *request) orderBuild(j *job, withParameters bool) *answer {
	if r.Method != http.MethodPost {
		a := r.w.oops(http.StatusMethodNotAllowed, "Method POST required")
		return a.titled("Form post required [Jenkins]")
	}
	if !r.who.may(JobBuild) {
		return r.w.forbidden(r.Request, r.who, JobBuild)
	}
	switch {
	case j.Disabled:
		return r.w.oops(http.StatusConflict, "Not buildable")
	case len(j.Params) > 0 && !withParameters:
		return container(r.Request, http.StatusBadRequest, "Nothing is submitted")
	}
	quiet := r.w.options.Quiet
	if j.Quiet > 0 {
		quiet = j.Quiet
	}
	if delay := r.FormValue("delay"); delay != "" {
		seconds, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSuffix(delay, "secs"), "sec"))
		if err != nil {
			return r.w.oops(http.StatusInternalServerError, "Invalid delay: "+delay)
		}
		quiet = time.Duration(seconds) * time.Second
	}
	var params [][2]string
	for _, name := range j.Params {
		value := "d"
		if r.Form.Has(name) {
			value = r.Form.Get(name)
		}
		params = append(params, [2]string{name, value})
	}
	before := r.w.lastID
	it := r.w.enqueue(j, params, r.who.name, quiet)
	if r.w.lastID > before {
		r.w.queued++
	}
	a := newAnswer(http.StatusCreated, "", nil)
	a.header.Set("Location", fmt.Sprintf("%s/queue/item/%d/", origin(r.Request), it.id))
	return a
}

func (r *request) enable(j *job, on bool) *answer {
	if a := r.post(JobConfig); a != nil {
		return a
	}
	j.Disabled = !on
	if !on {
		r.w.dropItems(j)
	}
	return redirect(r.Request, "/"+jobPath(j.Name))
}

// jobXML is the configuration of a job, as far as it counts here.
type jobXML struct {
	XMLName     xml.Name
	Description string `xml:"description"`
	Node        string `xml:"assignedNode"`
	Concurrent  bool   `xml:"concurrentBuild"`
	Disabled    bool   `xml:"disabled"`
	Quiet       int    `xml:"quietPeriod"`
	Params      []struct {
		Name string `xml:"name"`
	} `xml:"properties>hudson.model.ParametersDefinitionProperty>parameterDefinitions>hudson.model.StringParameterDefinition"`
	Command string `xml:"builders>hudson.tasks.Shell>command"`
	Script  string `xml:"definition>script"`
}

var (
	nodeStep = regexp.MustCompile(`node\s*(?:\(\s*['"]([^'"]*)['"]\s*\))?\s*\{`)
	sleeps   = regexp.MustCompile(`sleep ['"]?(\d+)`)
)

// job makes the job that a configuration describes. How long it takes is what its script sleeps.
func (c *jobXML) job(name string) (Job, error) {
	j := Job{Name: name, Description: c.Description, Disabled: c.Disabled, Quiet: time.Duration(c.Quiet) * time.Second}
	switch c.XMLName.Local {
	case "project":
		j.Label, j.Serial, j.Duration = c.Node, !c.Concurrent, slept(c.Command)
		for _, p := range c.Params {
			j.Params = append(j.Params, p.Name)
		}
	case "flow-definition":
		j.Pipeline, j.Steps, j.Duration = true, []Step{}, slept(c.Script)
		for _, m := range nodeStep.FindAllStringSubmatch(c.Script, -1) {
			j.Steps = append(j.Steps, Step{Label: m[1], Duration: slept(c.Script)})
		}
	default:
		return Job{}, fmt.Errorf("<%s> is no job", c.XMLName.Local)
	}
	return j, nil
}

func slept(script string) time.Duration {
	m := sleeps.FindStringSubmatch(script)
	if m == nil {
		return time.Second
	}
	seconds, _ := strconv.Atoi(m[1])
	return time.Duration(seconds) * time.Second
}

// createItem makes a job or a folder.
func (r *request) createItem(folder string) *answer {
	if a := r.post(JobConfig); a != nil {
		return a
	}
	name := r.URL.Query().Get("name")
	switch {
	case unsafeName(name) != "":
		return r.w.oops(http.StatusBadRequest, " "+unsafeName(name)+"  is an unsafe character")
	case r.w.jobs[folder+name] != nil || r.w.folders[folder+name]:
		return r.w.oops(http.StatusBadRequest, "A job already exists with the name  "+name+" ")
	case !strings.Contains(r.Header.Get("Content-Type"), "xml"):
		return r.w.oops(http.StatusBadRequest, "No mode given")
	}
	var c jobXML
	text, err := readXML(r.Body, &c)
	if err != nil {
		return r.w.oops(http.StatusInternalServerError, err.Error())
	}
	if c.XMLName.Local == folderClass {
		r.w.folders[folder+name] = true
		return newAnswer(http.StatusOK, "", nil)
	}
	j, err := c.job(folder + name)
	if err != nil {
		return r.w.oops(http.StatusInternalServerError, err.Error())
	}
	r.w.addJob(j).xml = text
	return newAnswer(http.StatusOK, "", nil)
}

// jobConfig reads or writes the configuration of a job.
func (r *request) jobConfig(j *job) *answer {
	if !r.who.may(JobConfig) {
		return r.w.forbidden(r.Request, r.who, JobConfig)
	}
	if r.Method == http.MethodPost {
		var c jobXML
		text, err := readXML(r.Body, &c)
		if err != nil {
			return r.w.oops(http.StatusInternalServerError, err.Error())
		}
		changed, err := c.job(j.Name)
		if err != nil {
			return r.w.oops(http.StatusInternalServerError, err.Error())
		}
		r.w.addJob(changed).xml = text
		return newAnswer(http.StatusOK, "", nil)
	}
	text := j.xml
	if text == "" {
		text = j.describe()
	}
	return newAnswer(http.StatusOK, "application/xml", []byte(`<?xml version="1.1" encoding="UTF-8"?>`+emptyElement.ReplaceAllString(text, "<$1/>")))
}

var emptyElement = regexp.MustCompile(`<([\w.-]+)></[\w.-]+>`)

// describe makes the configuration of a job that did not come as XML.
func (j *job) describe() string {
	if !j.Pipeline {
		return fmt.Sprintf("<project>\n  <description>%s</description>\n  <assignedNode>%s</assignedNode>\n  <disabled>%t</disabled>\n  <concurrentBuild>%t</concurrentBuild>\n</project>",
			escapeXML(j.Description), escapeXML(j.Label), j.Disabled, !j.Serial)
	}
	var steps []string
	for _, s := range j.Steps {
		steps = append(steps, fmt.Sprintf("node('%s') { sleep %d }", s.Label, int(s.Duration.Seconds())))
	}
	return fmt.Sprintf("<flow-definition>\n  <description>%s</description>\n  <definition><script>%s</script></definition>\n</flow-definition>",
		escapeXML(j.Description), escapeXML(strings.Join(steps, "\n")))
}
