package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"slices"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/strictjson"
)

// demoEnrollments is the configuration without -enrollments. Its keys are not
// secret.
//
//go:embed enrollments.json
var demoEnrollments []byte

// schema describes the enrollments file.
//
//go:embed enrollments.schema.json
var schema []byte

// load reads the enrollments. Errors name the file and the lines.
func (o *options) load() (dpstest.Config, error) {
	text, name := demoEnrollments, "the demo's enrollments"
	if o.enrollments != "" {
		name = o.enrollments
		var err error
		if text, err = os.ReadFile(name); err != nil {
			return dpstest.Config{}, fmt.Errorf("-enrollments: %w", err)
		}
	}
	cfg, err := o.decode(text)
	var bad strictjson.Mistakes
	if !errors.As(err, &bad) {
		return cfg, err
	}
	var errs []error
	for _, m := range bad {
		errs = append(errs, fmt.Errorf("-enrollments: %s:%d: %s", name, m.Line, m.What()))
	}
	return cfg, errors.Join(errs...)
}

// A document is the content of the file.
type document struct {
	Schema string `json:"$schema"` // for editors
	dpstest.Config
}

// decode decodes and checks enrollments. Errors are of type
// strictjson.Mistakes.
func (o *options) decode(text []byte) (dpstest.Config, error) {
	var doc document
	lines, err := strictjson.Unmarshal(text, &doc)
	cfg := doc.Config
	if err != nil {
		return cfg, err
	}
	var all strictjson.Mistakes
	report := func(path, text string) {
		all = append(all, strictjson.Mistake{Line: lines.Of(path), Path: path, Text: text})
	}
	_, err = dpstest.New(cfg)
	var bad *dpstest.ConfigError
	if errors.As(err, &bad) {
		for _, m := range bad.Mistakes {
			report(m.Path, m.Text)
		}
	}
	for i, e := range cfg.Enrollments {
		if e.Authority != "" && o.trust == "" {
			report(fmt.Sprintf("enrollments[%d].authority", i), "it needs -client-ca, with the certificate of the authority")
		}
	}
	slices.SortStableFunc(all, func(a, b strictjson.Mistake) int { return a.Line - b.Line })
	if len(all) > 0 {
		return cfg, all
	}
	return cfg, err
}

// hidden is shown instead of a key.
const hidden = "***"

// withoutKeys returns a copy that does not contain the keys.
func withoutKeys(cfg dpstest.Config) dpstest.Config {
	cfg.Enrollments = slices.Clone(cfg.Enrollments)
	for i := range cfg.Enrollments {
		e := &cfg.Enrollments[i]
		for _, key := range []*dpstest.Key{&e.PrimaryKey, &e.SecondaryKey} {
			if *key != "" {
				*key = hidden
			}
		}
	}
	return cfg
}
