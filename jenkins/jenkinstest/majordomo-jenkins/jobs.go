package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"majordomo.dev/jenkins/jenkinstest"
)

// examples are the jobs without --jobs.
//
//go:embed jobs.yaml
var examples []byte

// jobFile is a list of jobs.
type jobFile struct {
	Jobs []struct {
		Name        string        `yaml:"name"`
		Label       string        `yaml:"label"`
		Pipeline    bool          `yaml:"pipeline"`
		Duration    time.Duration `yaml:"duration"`
		Spread      time.Duration `yaml:"spread"`
		Serial      bool          `yaml:"serial"`
		Quiet       time.Duration `yaml:"quiet"`
		Description string        `yaml:"description"`
		Steps       []struct {
			Label    string        `yaml:"label"`
			Duration time.Duration `yaml:"duration"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// readJobs reads a file, or the examples for none.
func readJobs(file string) ([]jenkinstest.Job, error) {
	text := examples
	if file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil { //nolint:gosec // the file that the user names
			return nil, err
		}
	} else {
		file = "the built-in jobs"
	}
	jobs, err := parseJobs(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return jobs, nil
}

func parseJobs(text []byte) ([]jenkinstest.Job, error) {
	var f jobFile
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	var jobs []jenkinstest.Job
	var errs []error
	seen := map[string]bool{}
	for i, of := range f.Jobs {
		j := jenkinstest.Job{
			Name: of.Name, Label: of.Label, Pipeline: of.Pipeline, Duration: of.Duration, Spread: of.Spread, Serial: of.Serial, Quiet: of.Quiet,
			Description: of.Description,
		}
		for _, s := range of.Steps {
			j.Steps = append(j.Steps, jenkinstest.Step{Label: s.Label, Duration: s.Duration})
		}
		switch {
		case of.Name == "":
			errs = append(errs, fmt.Errorf("jobs[%d].name is missing", i))
		case seen[of.Name]:
			errs = append(errs, fmt.Errorf("jobs[%d].name: %q is there already", i, of.Name))
		case len(of.Steps) > 0 && !of.Pipeline:
			errs = append(errs, fmt.Errorf("jobs[%d].steps: only a job with pipeline: true has steps", i))
		case of.Duration < 0 || of.Spread < 0 || of.Quiet < 0:
			errs = append(errs, fmt.Errorf("jobs[%d]: durations are 0 or more", i))
		}
		seen[of.Name] = true
		jobs = append(jobs, j)
	}
	return jobs, errors.Join(errs...)
}
