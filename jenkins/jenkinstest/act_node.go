package jenkinstest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

// unsafeName returns the first character that Jenkins refuses in a name.
func unsafeName(name string) string {
	if i := strings.IndexAny(name, "?*/\\%!@#$^&|<>[]:;"); i >= 0 {
		return name[i : i+1]
	}
	return ""
}

// createNode adds a static node that no agent has connected yet.
func (r *request) createNode() *answer {
	if r.Method != http.MethodPost {
		return r.missing()
	}
	if !r.who.may(Create) {
		return r.w.forbidden(r.Request, r.who, Create)
	}
	name, form := strings.TrimSpace(r.URL.Query().Get("name")), r.FormValue("json")
	old := r.w.nodes[name]
	switch {
	case name == "":
		return r.w.oops(http.StatusBadRequest, "Query parameter 'name' is required")
	case old != nil && !old.ghost:
		return r.w.oops(http.StatusBadRequest, "Agent called  "+name+"  already exists")
	case unsafeName(name) != "":
		return r.w.oops(http.StatusBadRequest, " "+unsafeName(name)+"  is an unsafe character")
	case r.FormValue("type") != dumbSlave:
		return r.w.oops(http.StatusInternalServerError, "Oops!")
	case form == "":
		return container(r.Request, http.StatusBadRequest, "This page expects a form submission")
	}
	var fields struct {
		NodeDescription *string
		NumExecutors    json.Number
		RemoteFS        string
		LabelString     string
		Mode            string
	}
	if err := json.Unmarshal([]byte(form), &fields); err != nil {
		return container(r.Request, http.StatusBadRequest, "This page expects a form submission")
	}
	count, _ := strconv.Atoi(fields.NumExecutors.String())
	n := Node{
		Name: name, Static: true, Offline: true, Labels: strings.Fields(fields.LabelString), Executors: count,
		Exclusive: fields.Mode == "EXCLUSIVE", RemoteFS: fields.RemoteFS,
	}
	if fields.NodeDescription != nil {
		n.Description = *fields.NodeDescription
	}
	r.w.addNode(n).broken = fields.NodeDescription == nil
	return redirect(r.Request, "/computer/")
}

// nodeXML is the configuration of a node.
type nodeXML struct {
	XMLName      xml.Name
	Name         string `xml:"name"`
	Description  string `xml:"description"`
	RemoteFS     string `xml:"remoteFS"`
	NumExecutors int    `xml:"numExecutors"`
	Mode         string `xml:"mode"`
	Label        string `xml:"label"`
}

// nodeConfig reads or writes the configuration of a node; a change counts at once.
func (r *request) nodeConfig(n *node) *answer {
	switch {
	case n.ghost:
		return newAnswer(http.StatusNotFound, "application/xml", nil)
	case n.builtIn:
		return r.missing()
	case !r.who.may(Configure):
		return r.w.forbidden(r.Request, r.who, Configure)
	case r.Method == http.MethodPost:
		return r.configureNode(n)
	}
	root, launcher, labels := "slave", "hudson.slaves.JNLPLauncher", n.Labels
	retention := "hudson.slaves.RetentionStrategy$Always"
	if !n.Static {
		root, launcher, retention = swarmSlave, "hudson.plugins.swarm.SwarmLauncher", "hudson.slaves.RetentionStrategy$NoOp"
		labels = append([]string{"swarm"}, labels...)
	}
	mode := "NORMAL"
	if n.Exclusive {
		mode = "EXCLUSIVE"
	}
	open := root
	if !n.Static {
		open += ` plugin="swarm@3.27"`
	}
	body := fmt.Sprintf(`<?xml version="1.1" encoding="UTF-8"?>
<%s>
  <name>%s</name>
  <description>%s</description>
  <remoteFS>%s</remoteFS>
  <numExecutors>%d</numExecutors>
  <mode>%s</mode>
  <retentionStrategy class="%s"/>
  <launcher class="%s">
    <workDirSettings>
      <disabled>%t</disabled>
      <internalDir>remoting</internalDir>
      <failIfWorkDirIsMissing>false</failIfWorkDirIsMissing>
    </workDirSettings>
    <webSocket>%t</webSocket>
  </launcher>
  <label>%s</label>
  <nodeProperties/>
</%s>`, open, escapeXML(n.Name), escapeXML(n.Description), escapeXML(n.RemoteFS), n.Executors, mode, retention, launcher, !n.Static, n.Static,
		escapeXML(strings.Join(labels, " ")), root)
	return newAnswer(http.StatusOK, "application/xml", []byte(body))
}

func (r *request) configureNode(n *node) *answer {
	var c nodeXML
	if _, err := readXML(r.Body, &c); err != nil {
		return r.w.oops(http.StatusInternalServerError, err.Error())
	}
	n.Description, n.RemoteFS, n.Executors, n.Exclusive = c.Description, c.RemoteFS, c.NumExecutors, c.Mode == "EXCLUSIVE"
	n.relabel(strings.Fields(c.Label))
	n.resize()
	return newAnswer(http.StatusOK, "", nil)
}

// readXML reads XML that may call itself 1.1, which Java's is and Go's decoder refuses. It returns the text without that.
func readXML(from io.Reader, into any) (string, error) {
	text, err := io.ReadAll(io.LimitReader(from, 1<<20))
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(text))
	if strings.HasPrefix(s, "<?xml") {
		_, s, _ = strings.Cut(s, "?>")
	}
	s = strings.TrimSpace(s)
	return s, xml.Unmarshal([]byte(s), into)
}

// actPlugin is the swarm plugin.
func (r *request) actPlugin() *answer {
	if len(r.path) != 3 || r.path[1] != "swarm" || r.w.options.NoSwarm {
		return r.missing()
	}
	switch r.path[2] {
	case "createSlave":
		return r.createSwarm()
	case "getSlaveLabels", "addSlaveLabels", "removeSlaveLabels":
		return r.swarmLabels(r.path[2])
	}
	return r.missing()
}

// createSwarm is what a swarm client asks for. The node is offline until the client connects, which Connect does for it.
func (r *request) createSwarm() *answer {
	if r.Method != http.MethodPost {
		return r.missing()
	}
	if !r.who.may(Create) {
		return r.w.forbidden(r.Request, r.who, Create)
	}
	name, hash := r.FormValue("name"), r.FormValue("hash")
	if name == "" {
		return r.w.oops(http.StatusBadRequest, "No name is specified")
	}
	if bad := unsafeName(name); bad != "" {
		return r.w.oops(http.StatusBadRequest, " "+bad+"  is an unsafe character")
	}
	if hash != "" {
		name += "-" + hash
	}
	if old := r.w.nodes[name]; old != nil && !old.ghost && r.FormValue("deleteExistingClients") != "true" {
		text := fmt.Sprintf("Agent %q already exists.", name)
		if hash != "" && old.connected {
			text = fmt.Sprintf("Agent %q is already created and on-line.", name)
		}
		return newAnswer(http.StatusConflict, "text/plain; UTF-8;charset=iso-8859-1", []byte(text+"\n"))
	} else if old != nil {
		r.w.deleteNode(old)
	}
	executors, _ := strconv.Atoi(r.FormValue("executors"))
	host, _, _ := strings.Cut(r.RemoteAddr, ":")
	description := "Swarm agent from " + host
	if d := r.FormValue("description"); d != "" {
		description += ": " + d
	}
	r.w.makeNode(Node{
		Name: name, Description: description, Labels: strings.Fields(r.FormValue("labels")), Executors: executors, RemoteFS: r.FormValue("remoteFsRoot"),
		Exclusive: strings.EqualFold(r.FormValue("mode"), "exclusive"),
	})
	date := r.w.now.UTC().Format("Mon Jan 02 15:04:05 UTC 2006")
	return newAnswer(http.StatusOK, "text/plain;charset=iso-8859-1", fmt.Appendf(nil, "#\n#%s\nname=%s\n", date, name))
}

// swarmLabels shows or changes the labels of a swarm node. What its client has asked for may have the label swarm twice.
func (r *request) swarmLabels(what string) *answer {
	n := r.w.nodes[r.FormValue("name")]
	if n == nil || n.ghost {
		return r.missing()
	}
	labels := strings.Fields(r.FormValue("labels"))
	switch {
	case what == "getSlaveLabels":
	case !r.who.may(Configure) && !r.who.may(Create):
		return r.w.forbidden(r.Request, r.who, Configure)
	default:
		var kept []string
		for _, l := range append(slices.Clone(n.Labels), labels...) {
			if l != "swarm" && !slices.Contains(kept, l) && (what == "addSlaveLabels" || !slices.Contains(labels, l)) {
				kept = append(kept, l)
			}
		}
		n.relabel(kept)
	}
	shown := append([]string{"swarm"}, n.Labels...)
	return newAnswer(http.StatusOK, "text/xml;charset=utf-8", []byte("<labelResponse><labels>"+escapeXML(strings.Join(shown, " "))+"</labels></labelResponse>"))
}
