package jenkinstest

import (
	"maps"
	"slices"
	"time"
)

// notPlayed are the transcripts that do not apply, each with the reason.
var notPlayed = map[int]string{
	16:  "the script console is no part of it",
	17:  "the script console is no part of it",
	211: "the console of a build is the text of the real build",
	229: "the XML flavour is no part of it",
	237: "which plugins are installed there",
	263: "the console of a build is the text of the real build",
	293: "the Python flavour is no part of it",
	296: "which plugins are installed there",
	297: "which plugins are installed there",
	338: "the console of a build is the text of the real build",
	504: "which plugins are installed there",
}

// script is what happened, unrecorded, before a transcript.
var script = func() map[int]func(*play) {
	all := maps.Clone(freestyle)
	maps.Copy(all, pipelines)
	return all
}()

// freestyle is the script of the Jenkins without pipelines, at port 18080.
var freestyle = map[int]func(*play){
	18: func(p *play) {
		p.a = New(Options{Now: p.clock.Now, URL: "http://127.0.0.1:18080"})
		p.j = p.a
	},
	46: func(p *play) {
		for job, label := range map[string]string{
			"or-job": "windows || (mac && arm64)", "neg-job": "linux && !docker", "node-job": "agent-1", "nolabel-job": "", "ghost-job": "nosuchlabel",
		} {
			p.job(job, label)
		}
		p.j.AddJob(
			Job{Name: "linux-conc", Label: "linux", Params: []string{"N"}, Prefer: "agent-2"},
			Job{Name: "linux-long", Label: "linux", Serial: true, Prefer: "agent-1"},
			Job{Name: "quiet-job", Label: "linux", Serial: true, Quiet: 20 * time.Second},
			Job{Name: "quick-job", Label: "linux", Prefer: "agent-1"},
		)
	},
	107: func(p *play) {
		p.node("agent-2", 1, true, "linux")
		p.node("agent-3", 2, false, "windows")
	},
	110: func(p *play) {
		p.option(func(o *Options) { o.Notice = 2 * time.Second })
		p.connect("agent-1")
	},
	121: func(p *play) {
		p.option(func(o *Options) { o.Notice = 0 })
		p.cancel(1, 5, 7, 8, 9, 10)
		p.do(p.j.RemoveNode("zz"))
	},
	124: func(p *play) {
		p.end("linux-conc", 1, "FAILURE")
		p.end("linux-conc", 2, "FAILURE")
	},
	129: func(p *play) { p.connect("agent-2", "agent-3") },
	148: func(p *play) {
		p.order("linux-long", 13)
		p.order("linux-conc", 14, "N", "b")
		p.order("docker-job", 15)
		p.order("neg-job", 16)
		p.order("quiet-job", 17)
		p.order("ghost-job", 18)
		p.order("nolabel-job", 19)
	},
	193: func(p *play) {
		p.do(p.j.Unpark("agent-1"))
		p.cancel(13, 18)
		p.end("linux-long", 1, "ABORTED")
		p.end("linux-conc", 3, "FAILURE")
		for i := 0; i < 9; i++ {
			p.j.do(func(w *world) {
				for _, r := range slices.Clone(w.live) {
					w.end(r, "FAILURE")
				}
			})
		}
		p.order("docker-job", 21)
		p.end("docker-job", 3, "FAILURE")
		p.do(p.j.Freeze("agent-2"))
	},
	194: func(p *play) { p.order("neg-job", 22) },
	197: func(p *play) {
		p.j.do(func(w *world) { w.nodes["agent-2"].frozen = false })
		p.end("neg-job", 2, "FAILURE")
	},
	202: func(p *play) { p.order("docker-job", 24) },
	203: func(p *play) { p.kill("agent-1") },
	212: func(p *play) { p.connect("agent-1") },
	213: func(p *play) { p.kill("agent-1") },
	216: func(p *play) { p.connect("agent-1") },
	218: func(p *play) { p.do(p.j.Unpark("agent-1")) },
	221: func(p *play) { // this agent did not come back
		p.j.do(func(w *world) { w.agentOf(w.nodes["agent-1"]).alive = false })
	},
	223: func(p *play) {
		p.connect("agent-1")
		p.node("agent-f", 1, true, "frozen")
		p.connect("agent-f")
		p.order("ghost-job", 25)
		p.order("docker-job", 26)
		p.order("node-job", 27)
		p.j.do(func(w *world) {
			w.jobs["linux-job"].Prefer = "agent-2"
			w.enqueue(w.jobs["linux-job"], nil, "admin", 5*time.Second)
		})
	},
	245: func(p *play) { p.node("agent with space", 1, false, "linux") },
	247: func(p *play) {
		p.node("agent-tcp", 1, false, "tcp")
		p.connect("agent-tcp")
	},
	248: func(p *play) { p.kill("agent-tcp") },
	252: func(p *play) {
		p.cancel(25)
		p.node("agent-4", 1, true, "mac", "arm64")
		p.connect("agent-4")
		p.job("mac-job", "mac")
	},
	255: func(p *play) {
		p.node("agent-4", 1, true, "mac", "arm64")
		p.connect("agent-4")
	},
	259: func(p *play) { p.clock.Advance(60 * time.Millisecond) },
	266: func(p *play) {
		p.end("docker-job", 5, "FAILURE")
		p.end("node-job", 1, "FAILURE")
		p.end("linux-job", 1, "FAILURE")
		p.j.AddJob(Job{Name: "race-job", Label: "linux", Params: []string{"N"}, Prefer: "agent-2"})
		for id := int64(30); id < 48; id++ {
			p.race(id)
			p.end("race-job", int(id)-29, "FAILURE")
		}
		p.option(func(o *Options) { o.Assign = time.Second })
		p.race(48)
		p.clock.Advance(700 * time.Millisecond)
	},
	267: func(p *play) {
		p.end("race-job", 19, "FAILURE")
		p.do(p.j.Park("agent-1", "x")) // it was busy
		for id := int64(49); id <= 65; id++ {
			p.race(id)
		}
	},
	268: func(p *play) {
		p.option(func(o *Options) { o.Assign = 0 })
		p.clock.Advance(2 * time.Second)
		for i := 20; i <= 36; i++ {
			p.end("race-job", i, "FAILURE")
		}
		p.do(p.j.Unpark("agent-1"))
		p.j.do(func(w *world) { w.jobs["race-job"].Prefer = "agent-1" })
		for id := int64(66); id <= 195; id++ {
			p.race(id)
			p.end("race-job", int(id)-29, "FAILURE")
		}
	},
	276: func(p *play) {
		p.j.do(func(w *world) {
			n := w.nodes["agent-1"]
			n.Executors = 1
			n.resize()
		})
	},
	277: func(p *play) { p.order("ghost-job", 200) },
	284: func(p *play) { p.j.do(func(w *world) { w.lastID = 324 }) },
	285: func(p *play) { p.end("quick-job", 2, "FAILURE") },
	325: func(p *play) {
		p.j.do(func(w *world) { w.disconnect(w.nodes["agent-f"], pinged(1, 2), "ping") })
	},
	485: func(p *play) {
		for _, n := range p.j.Nodes() {
			p.do(p.j.RemoveNode(n.Name))
		}
	},
	486: func(p *play) { p.order("docker-job", 326) },
	487: func(p *play) { p.node("decoy", 1, true, "decoy") },
	488: func(p *play) {
		p.node("d-1", 1, true, "linux", "docker")
		p.node("d-2", 1, true, "linux", "docker")
	},
	489: func(p *play) {
		p.cancel(326)
		p.j.do(func(w *world) { delete(w.jobs, "docker-job") })
		p.j.AddJob(Job{Name: "docker-job", Label: "linux && docker", Prefer: "d-1"})
		p.connect("d-1", "d-2")
		for id := int64(327); id <= 331; id++ {
			p.order("docker-job", id, "N", string(rune('A'+id-327)))
		}
	},
	490: func(p *play) {
		for i, of := range [][2]string{
			{"odd-space", "label with space"},
			{"odd-slash", "a/b"},
			{"odd-paren", "(linux)"},
			{"odd-iff", "linux &lt;-&gt; docker"},
			{"odd-impl", "linux -&gt; docker"},
			{"odd-utf", "größe"},
			{"odd-bad", "linux &&"},
			{"odd-dash", "arm-64_x.y:1"},
		} {
			p.job(of[0], of[1])
			p.order(of[0], int64(332+i))
		}
	},
	500: func(p *play) {
		p.connect("decoy")
	},
	503: func(p *play) {
		p.j.do(func(w *world) {
			for _, it := range w.shown() {
				w.cancel(it)
			}
		})
		p.job("odd-impl", "linux -> docker")
		p.job("odd-not", "!linux")
		p.job("odd-or2", "docker||linux&&!big")
		p.do(p.j.Park("d-1", "x"))
		p.do(p.j.Park("d-2", "x"))
		p.j.do(func(w *world) { w.nodes["decoy"].Executors = 0; w.nodes["decoy"].resize() })
		p.order("odd-impl", 742)
		p.order("odd-not", 743)
		p.order("odd-or2", 744)
	},
	509: func(p *play) {
		p.cancel(742, 743, 744)
		p.j.AddNode(Node{Name: "t-1", Labels: []string{"tcp"}, Static: true})
		p.j.do(func(w *world) { // these agents did not come back
			for _, name := range []string{"d-1", "d-2", "decoy"} {
				w.agentOf(w.nodes[name]).alive = false
			}
		})
	},
}
