package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const testKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// outcome is what a run of the program leaves behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// try runs the program with an empty environment.
func try(t *testing.T, args ...string) outcome {
	t.Helper()
	return tryIn(t.Context(), nil, args...)
}

func tryIn(ctx context.Context, env map[string]string, args ...string) outcome {
	var stdout, stderr strings.Builder
	code := run(ctx, args, func(name string) string { return env[name] }, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// file writes a file and returns its name.
func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A group runs subtests at the same time: they spend theirs waiting. (t.Parallel runs
// only as many as there are processors.)
type group struct {
	t   *testing.T
	all sync.WaitGroup
}

func (g *group) run(name string, f func(t *testing.T)) {
	g.all.Add(1)
	go func() {
		defer g.all.Done()
		g.t.Run(name, f)
	}()
}

func (g *group) wait() { g.all.Wait() }
