package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/dynamic"

	"majordomo.dev/e2e/testcluster"
)

// demo is the stage: a cluster, a repository, and the program between them.
type demo struct {
	out       *report
	root      string // of the project
	dir       string // temporary, for everything else
	cluster   *testcluster.Cluster
	client    dynamic.Interface
	repo      *repository
	masters   map[string]*master // by environment
	program   *process
	webhook   string // URL
	secret    string // by which webhooks are signed
	dashboard string // URL
	first     string // commit
	good      string // commit that gke had before somebody tidied up
}

// step is one thing that the demo shows.
type step struct {
	title, does, expects string
	play                 func(context.Context, *demo) error
}

// story is what the demo shows, in order. Each step leaves both environments Ready for the next.
func story() []step {
	return []step{
		firstSync(), aCommit(), drift(), prune(), badCommit(), hold(), rollback(), silence(), // what Git says
		queue(), rollout(), trouble(), drainBack(), // what the queue says
		theWindow(),
	}
}

// setUp prepares the stage. What it started before an error is in the demo, for tearDown.
func setUp(ctx context.Context, out *report) (*demo, error) {
	d := &demo{out: out}
	out.line("%s", out.bold("Majordomo demo: two Jenkins environments on a real Kubernetes API, kept the way a Git repository says, their agents the way the queue says"))
	out.line("\nThe stage")
	for _, prepare := range []func(context.Context) error{d.startCluster, d.startJenkins, d.makeDirectory, d.makeRepository, d.install, d.makeSecrets, d.configure} {
		if err := prepare(ctx); err != nil {
			return d, err
		}
	}
	return d, nil
}

// makeDirectory makes the directory of the demo within the cluster's, which goes with the cluster however the demo ends.
func (d *demo) makeDirectory(context.Context) (err error) {
	if d.root, err = os.Getwd(); err != nil {
		return err
	}
	d.dir = filepath.Join(filepath.Dir(d.cluster.Config().CAFile), "demo")
	return os.Mkdir(d.dir, 0o700)
}

func (d *demo) startCluster(ctx context.Context) error {
	began := time.Now()
	var err error
	if d.cluster, err = testcluster.Start(ctx, "--nodes", "3", "--pod-delay", "1s"); err != nil {
		return err
	}
	if d.client, err = dynamic.NewForConfig(d.cluster.Config()); err != nil {
		return err
	}
	d.out.prepared("cluster", time.Since(began), "etcd, kube-apiserver, controllers, scheduler, 3 nodes whose pods kwok plays")
	return nil
}

func (d *demo) makeRepository(ctx context.Context) error {
	began := time.Now()
	var err error
	if d.repo, err = newRepository(ctx, d.root, d.path("fleet"), d.pointPools); err != nil {
		return err
	}
	if d.first, err = d.repo.git(ctx, "rev-parse", "HEAD"); err != nil {
		return err
	}
	d.out.prepared("repository", time.Since(began), "fleet.yaml, manifests/ and overlays/ of this project, commit %s", short(d.first))
	return nil
}

// play shows the steps; the first that does not go as expected is the last.
func (d *demo) play(ctx context.Context, steps []step) error {
	for _, s := range steps {
		d.out.begin(s)
		err := s.play(ctx, d)
		d.out.end(err)
		if err != nil {
			return err
		}
	}
	return nil
}

// stay leaves everything up until the person has seen enough.
func (d *demo) stay(ctx context.Context) {
	d.out.line("\nDashboard: %s\n\nEverything stays up until Ctrl-C. In another terminal:\n", d.dashboard)
	for _, l := range []string{
		"export KUBECONFIG=" + d.path("admin.kubeconfig"),
		"alias kubectl='" + d.kubectl() + " kubectl'",
		"kubectl get environments",
		"kubectl -n jenkins-gke delete service jenkins --wait=false; kubectl -n jenkins-gke get service jenkins",
		d.majordomo() + " status",
		"cd " + d.repo.dir + "   # change something under overlays/, git commit, then:",
		d.majordomo() + " sync gke",
		"tail -f " + d.program.log,
	} {
		d.out.line("  %s", l)
	}
	select {
	case <-ctx.Done():
	case <-d.program.done:
		d.out.line("majordomo ended: %s", d.program.cmd.ProcessState)
	}
}

// tearDown leaves nothing behind.
func (d *demo) tearDown() {
	if d.program != nil {
		d.program.stop()
	}
	for _, m := range d.masters {
		m.stop()
	}
	if d.cluster != nil {
		d.cluster.Stop()
	}
}

// alive tells why nothing more will happen, nil while the program runs.
func (d *demo) alive() error {
	if d.program == nil {
		return nil
	}
	return d.program.ended()
}

func (d *demo) showLog() {
	if d.program == nil {
		return
	}
	d.out.line("the log of majordomo ends with")
	for _, l := range d.program.tail(30) {
		d.out.line("  %s", l)
	}
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

func (d *demo) majordomo() string { return filepath.Join(d.root, "bin", "majordomo") }

func (d *demo) kubectl() string { return filepath.Join(d.root, "bin", "majordomo-cluster") }

func short(commit string) string { return commit[:min(7, len(commit))] }
