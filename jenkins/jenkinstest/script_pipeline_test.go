package jenkinstest

import "time"

// pipelines is the script of the Jenkins with pipelines and, later, the swarm plugin, at port 18081.
var pipelines = map[int]func(*play){
	299: func(p *play) {
		p.j.do(func(w *world) { w.folders["team-a"] = true })
	},
	300: func(p *play) {
		p.j.AddJob(
			Job{Name: "pipe-expr", Pipeline: true, Label: "linux && docker"},
			Job{Name: "pipe-any", Pipeline: true},
			Job{Name: "pipe-par", Pipeline: true, Steps: []Step{{Label: "linux"}, {Label: "windows"}, {Label: "linux"}}},
			Job{Name: "pipe-noagent", Pipeline: true, Label: "nosuchlabel"},
			Job{Name: "team-a/pipe", Pipeline: true, Label: "linux"},
		)
	},
	301: func(p *play) { p.j.do(func(w *world) { w.lastID = 9 }) },
	302: func(p *play) { // the step was not there yet
		p.j.do(func(w *world) { w.cancelQuietly(11) })
	},
	303: func(p *play) {
		p.j.do(func(w *world) {
			w.lastID = 10
			w.enqueueStep(w.jobs["pipe-linux"].last().steps[0])
		})
	},
	311: func(p *play) { p.node("pa-1", 1, true, "linux", "docker") },
	312: func(p *play) {
		p.order("team-a/build", 16)
		p.pipe("pipe-expr", 12, 17)
		p.pipe("pipe-any", 15, 19)
		p.pipe("team-a/pipe", 18, 20)
		p.pipe("pipe-noagent", 14, 21)
		p.pipe("pipe-par", 13, 22, 23, 24)
	},
	314: func(p *play) { p.node("pw-1", 1, true, "other") },
	315: func(p *play) { p.connect("pa-1") },
	319: func(p *play) {
		p.end("pipe-linux", 1, "SUCCESS")
		p.end("team-a/build", 1, "FAILURE")
		p.end("pipe-expr", 1, "FAILURE")
		p.end("team-a/pipe", 1, "FAILURE")
		p.step("pipe-par", 1, 0)
		p.step("pipe-par", 1, 2)
	},
	324: func(p *play) {
		p.j.do(func(w *world) {
			w.down()
			w.up()
		})
	},
	326: func(p *play) {
		p.connect("pa-1")
		p.pipe("pipe-linux", 28, 29)
	},
	327: func(p *play) { p.order("team-a/build", 30) },
	329: func(p *play) { p.kill("pa-1") },
	333: func(p *play) { p.connect("pa-1") },
	346: func(p *play) { p.connect("pa-1") },
	348: func(p *play) { p.end("pipe-linux", 2, "SUCCESS") },
	353: func(p *play) { // it was restarted with the plugin
		p.end("team-a/build", 2, "FAILURE")
		p.kill("pa-1")
		p.option(func(o *Options) { o.NoSwarm = false })
		p.j.do(func(w *world) {
			w.down()
			w.up()
		})
	},
	359: func(p *play) {
		p.j.do(func(w *world) { w.cancelQuietly(23) })
		p.connect("sw1-d6ec4676")
	},
	380: func(p *play) { p.kill("sw1-d6ec4676") },
	382: func(p *play) {
		p.end("pipe-any", 1, "FAILURE")
		p.end("pipe-par", 1, "FAILURE")
		p.job("team-a/build", "swarm")
		p.j.AddNode(Node{Name: "sw2", Labels: []string{"linux"}}, Node{Name: "sw3", Labels: []string{"linux"}})
		p.j.do(func(w *world) { w.jobs["team-a/build"].Prefer = "sw3" })
		p.order("team-a/build", 31)
		p.kill("sw3")
	},
	385: func(p *play) {
		p.j.do(func(w *world) { w.jobs["team-a/build"].Prefer = "sw2" })
		p.order("team-a/build", 33)
	},
	388: func(p *play) { p.order("pipe-expr", 36) },
	391: func(p *play) { p.end("team-a/build", 4, "FAILURE") },
	398: func(p *play) { p.clock.Advance(150 * time.Millisecond) },
	410: func(p *play) {
		p.job("q-early", "nolabel1")
		p.job("q-late", "nolabel2")
		p.order("q-early", 39)
		p.j.do(func(w *world) { w.items[39].since = w.now.Add(-66 * time.Second) })
		p.order("q-late", 40)
	},
	411: func(p *play) {
		p.option(func(o *Options) { o.Boot.Refused, o.Boot.Starting = 5*time.Second, 10*time.Second })
		p.kill("sw2")
		p.j.Crash()
	},
	425: func(p *play) {
		p.j.do(func(w *world) {
			w.down()
			w.up()
		})
		p.job("perm-job", "swarm")
		p.order("perm-job", 44)
	},
	505: func(p *play) {
		p.option(func(o *Options) { o.PipelineNames = true })
		p.j.do(func(w *world) {
			w.down()
			w.up()
		})
		p.pipe("team-a/pipe", 47, 49)
		p.pipe("pipe-par", 48, 50, 51, 52)
	},
	508: func(p *play) { p.connect("pa-1", "pw-1") },
}

// cancelQuietly takes the item of a step out of the queue, and the step does not notice.
func (w *world) cancelQuietly(id int64) {
	it := w.items[id]
	w.move(it, left)
	delete(w.items, id)
	it.step.item = nil
}
