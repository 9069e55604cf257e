package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/journal"
)

// The limits of the admin endpoint, so that its clients cannot block anything
// either.
const (
	adminTimeout = 10 * time.Second // for reading a request, and for writing a response
	adminConns   = 32
	adminBody    = 2 << 20
)

// serveAdmin serves HTTP until ctx ends.
func (d *desk) serveAdmin(ctx context.Context, l net.Listener) error {
	server := http.Server{
		Handler:        http.HandlerFunc(d.admin),
		ReadTimeout:    adminTimeout,
		WriteTimeout:   adminTimeout,
		IdleTimeout:    adminTimeout,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.Serve(&fewConns{Listener: l, slots: make(chan struct{}, adminConns)})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("-admin: %w", err)
}

// A handler handles one method on one path. If it returns an error, the error
// and its status are the response.
type handler func(d *desk, w http.ResponseWriter, r *http.Request) error

var handlers = map[string]map[string]handler{
	"/health":      {"GET": (*desk).getHealth},
	"/journal":     {"GET": (*desk).getJournal, "DELETE": (*desk).deleteJournal},
	"/enrollments": {"GET": (*desk).getEnrollments, "PUT": (*desk).putEnrollments},
	"/reset":       {"POST": (*desk).postReset},
}

// A failure is an error with the status of the response.
type failure struct {
	status int
	error
}

func failed(status int, format string, args ...any) error {
	return failure{status, fmt.Errorf(format, args...)}
}

// admin handles a request.
func (d *desk) admin(w http.ResponseWriter, r *http.Request) {
	if err := d.route(w, r); err != nil {
		var f failure
		if !errors.As(err, &f) {
			f.status = http.StatusInternalServerError
		}
		reply(w, f.status, map[string]string{"error": err.Error()})
	}
}

func (d *desk) route(w http.ResponseWriter, r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" || r.Header.Get("Origin") != "" {
		return failed(http.StatusForbidden, "a web page must not use this endpoint")
	}
	methods, ok := handlers[r.URL.Path]
	if !ok {
		return failed(http.StatusNotFound, "unknown path %.80q, expected /health, /journal, /enrollments or /reset", r.URL.Path)
	}
	method := r.Method
	if method == "HEAD" {
		method = "GET"
	}
	handle, ok := methods[method]
	if !ok {
		var allowed []string
		for name := range methods {
			allowed = append(allowed, name)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return failed(http.StatusMethodNotAllowed, "method %.20q is not allowed on %s, expected %s", r.Method, r.URL.Path, strings.Join(allowed, " and "))
	}
	if r.URL.Path != "/journal" && r.URL.RawQuery != "" {
		return failed(http.StatusBadRequest, "%s does not have query parameters", r.URL.Path)
	}
	return handle(d, w, r)
}

// reply sends v as JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(journal.AppendJSON(nil, v))
}

func (d *desk) getHealth(w http.ResponseWriter, _ *http.Request) error {
	health := struct {
		Status string `json:"status"`
		ready
	}{"ok", d.ready}
	d.server.Do(func() { health.IDScope = d.config.IDScope }) // the configuration may have been replaced
	reply(w, http.StatusOK, health)
	return nil
}

// getJournal sends the entries one at a time, because together they may be
// large.
func (d *desk) getJournal(w http.ResponseWriter, r *http.Request) error {
	filter, err := filterOf(r)
	if err != nil {
		return err
	}
	d.mu.Lock()
	found := d.journal.Select(filter)
	d.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if _, err := fmt.Fprintf(w, `{"last":%d,"leftOut":%d,"events":[`, found.Last, found.LeftOut); err != nil {
		return nil
	}
	var line []byte
	for i, e := range found.Entries {
		if line = line[:0]; i > 0 {
			line = append(line, ',')
		}
		line = e.AppendJSON(append(line, '\n'))
		if _, err := w.Write(line[:len(line)-1]); err != nil {
			return nil // the client has closed the connection, or does not read
		}
	}
	io.WriteString(w, "]}\n")
	return nil
}

// filterOf reads the query parameters of GET /journal.
func filterOf(r *http.Request) (f journal.Filter, err error) {
	for name, values := range r.URL.Query() {
		value := values[0]
		switch {
		case len(values) > 1:
			return f, failed(http.StatusBadRequest, "%.80q is given %d times", name, len(values))
		case name == "device":
			f.Device = value
		case name == "kind":
			if f.Kind = value; !slices.Contains(kinds(), value) {
				return f, failed(http.StatusBadRequest, "unknown kind %.80q, expected one of %s", value, strings.Join(kinds(), ", "))
			}
		case name == "diagnosis":
			if f.Diagnosis = dpstest.Diagnosis(value); !slices.Contains(diagnoses(), f.Diagnosis) {
				return f, failed(http.StatusBadRequest, "unknown diagnosis %.80q, expected one of %s", value, join(diagnoses()))
			}
		case name == "after":
			if f.After, err = strconv.ParseUint(value, 10, 64); err != nil {
				return f, failed(http.StatusBadRequest, "after is %.80q, expected a number", value)
			}
		default:
			return f, failed(http.StatusBadRequest, "unknown parameter %.80q, expected device, diagnosis, kind or after", name)
		}
	}
	return f, nil
}

// kinds returns the names of all kinds of events.
func kinds() (all []string) {
	for k := dpstest.EventOpened; k <= dpstest.EventClosed; k++ {
		all = append(all, k.String())
	}
	return all
}

func (d *desk) deleteJournal(w http.ResponseWriter, _ *http.Request) error {
	d.mu.Lock()
	d.journal.Clear()
	d.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *desk) getEnrollments(w http.ResponseWriter, _ *http.Request) error {
	var cfg dpstest.Config
	d.server.Do(func() { cfg = d.config })
	text, err := json.MarshalIndent(withoutKeys(cfg), "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(text, '\n'))
	return nil
}

func (d *desk) putEnrollments(w http.ResponseWriter, r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, adminBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return failed(http.StatusRequestEntityTooLarge, "the enrollments have more than %d bytes", adminBody)
	case err != nil:
		return failed(http.StatusBadRequest, "the body is incomplete: %w", err)
	}
	cfg, err := d.decode(text)
	if err == nil {
		err = d.apply(cfg)
	}
	if err != nil {
		return failure{http.StatusBadRequest, err}
	}
	d.note("reload", "the admin endpoint received "+journal.Count(len(cfg.Enrollments), "enrollment"))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *desk) postReset(w http.ResponseWriter, _ *http.Request) error {
	d.server.Do(d.service.Reset)
	d.mu.Lock()
	d.journal.Clear()
	d.mu.Unlock()
	d.note("reset", "operations, quotas, faults and the journal")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
