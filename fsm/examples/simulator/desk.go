package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"example.com/dps/fsm/dpstest"
	"example.com/dps/fsm/examples/internal/cert"
	"example.com/dps/fsm/examples/internal/journal"
	"example.com/dps/fsm/examples/internal/simulate"
	"example.com/dps/fsm/examples/internal/spool"
)

// patience is how long the simulator waits at the end for the output to be
// read.
const patience = time.Second

// A desk is the simulated service with its listeners, files and output.
type desk struct {
	options
	out, errs *spool.Spool
	log       *spool.Spool // same as out without -log
	logTo     *os.File     // the file of -log, or nil

	applying sync.Mutex     // held while config is replaced
	config   dpstest.Config // in effect; also guarded by server.Do
	service  *dpstest.Service
	server   *simulate.Server
	ready    ready

	ca        *cert.Authority
	tls       *tls.Config
	clientCAs *x509.CertPool // nil if every certificate is trusted
	files     files
	leftovers map[string][]byte // files to remove at the end, with their content

	mu       sync.Mutex // guards the rest
	journal  journal.Journal
	tally    *journal.Tally
	stopping bool // the simulator, not the clients, ends the connections
}

func newDesk(o options, stdout, stderr io.Writer) *desk {
	d := &desk{options: o, leftovers: map[string][]byte{}}
	var allowed []dpstest.Diagnosis
	for _, name := range o.allow {
		allowed = append(allowed, dpstest.Diagnosis(name))
	}
	d.tally = journal.NewTally(allowed)
	d.out = spool.New(stdout, time.Now, d.lost)
	d.errs = spool.New(stderr, time.Now, func(n uint64) []byte { return fmt.Appendf(nil, "simulator: %d lines were left out\n", n) })
	d.log = d.out
	return d
}

// run serves until ctx ends, and returns the exit code.
func (d *desk) run(ctx context.Context, reload <-chan os.Signal) int {
	code := d.start(ctx, reload)
	for name, content := range d.leftovers {
		removeIf(name, content)
	}
	deadline := time.Now().Add(patience)
	if n := d.log.Close(deadline); n > 0 {
		complain(spooled{d.errs}, fmt.Errorf("%s of the log could not be written", journal.Count(int(n), "line")), exitStopped)
	}
	d.out.Close(deadline)
	d.errs.Close(time.Now().Add(patience / 10))
	if d.logTo != nil {
		d.logTo.Close()
	}
	return code
}

// start first listens and then writes files, so that a failed start changes
// nothing.
func (d *desk) start(ctx context.Context, reload <-chan os.Signal) int {
	var err error
	if d.config, err = d.load(); err != nil {
		return d.fail(err, exitUsage)
	}
	l, err := d.listen()
	if err != nil {
		return d.fail(err, exitNetwork)
	}
	defer l.close()
	defer d.files.discard()
	if err := d.prepare(l, time.Now()); err != nil {
		return d.fail(err, exitUsage)
	}
	d.greet()
	if err := d.serve(ctx, l, reload); err != nil {
		return d.fail(err, exitNetwork)
	}
	if d.report(); d.strict && d.tally.Mistakes() > 0 {
		return exitMistakes
	}
	return exitStopped
}

func (d *desk) fail(err error, code int) int {
	complain(spooled{d.errs}, err, code)
	return code
}

// spooled is an io.Writer that writes to a spool.
type spooled struct{ *spool.Spool }

func (s spooled) Write(p []byte) (int, error) {
	s.Put(p, true)
	return len(p), nil
}

// listeners holds the listeners of a desk; admin is nil without -admin.
type listeners struct{ tls, web, admin net.Listener }

func (d *desk) listen() (*listeners, error) {
	l := new(listeners)
	for _, one := range []struct {
		flag, addr string
		listener   *net.Listener
	}{{"-tls", d.tlsAddr, &l.tls}, {"-websocket", d.webAddr, &l.web}, {"-admin", d.adminAddr, &l.admin}} {
		if one.addr == "" {
			continue
		}
		var err error
		if *one.listener, err = net.Listen("tcp", one.addr); err != nil {
			l.close()
			return nil, fmt.Errorf("%s: %w", one.flag, err)
		}
	}
	return l, nil
}

func (l *listeners) close() {
	for _, one := range []net.Listener{l.tls, l.web, l.admin} {
		if one != nil {
			one.Close()
		}
	}
}

// prepare creates the service and writes the requested files.
func (d *desk) prepare(l *listeners, now time.Time) (err error) {
	d.ready = ready{
		Time: now.UTC(), Kind: "ready", TLS: l.tls.Addr().String(), WebSocket: l.web.Addr().String(),
		IDScope: d.config.IDScope, PID: os.Getpid(), Version: version(),
	}
	if l.admin != nil {
		d.ready.Admin = l.admin.Addr().String()
	}
	d.config.Log = d.event
	if d.service, err = dpstest.New(d.config); err != nil {
		return err
	}
	if err := d.prepareCertificates(now); err != nil {
		return err
	}
	d.server = simulate.New(simulate.Options{
		Service: d.service, TLS: d.tls, ClientCAs: d.clientCAs, MaxConns: d.connections, CAFile: d.ready.CA, Log: d.event,
	})
	if d.readyFile != "" {
		content := journal.AppendJSON(nil, d.ready)
		if err := d.files.stage(d.readyFile, content, 0o644); err != nil {
			return fmt.Errorf("-ready-file: %w", err)
		}
		d.leftovers[d.readyFile] = content
	}
	if d.logFile != "" {
		if d.logTo, err = os.OpenFile(d.logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			return fmt.Errorf("-log: %w", err)
		}
		d.log = spool.New(d.logTo, time.Now, d.lost)
	}
	return d.files.commit()
}

// serve serves until ctx ends, or until a listener fails.
func (d *desk) serve(ctx context.Context, l *listeners, reload <-chan os.Signal) error {
	ctx, cancel := d.stoppable(ctx)
	defer cancel()
	services := []func() error{
		func() error { return d.server.ServeTLS(ctx, l.tls) },
		func() error { return d.server.ServeWebSocket(ctx, l.web) },
		func() error { return d.reloads(ctx, reload) },
	}
	if l.admin != nil {
		services = append(services, func() error { return d.serveAdmin(ctx, l.admin) })
	}
	ends := make(chan error, len(services))
	for _, serve := range services {
		go func() { ends <- serve() }()
	}
	var errs []error
	for range services {
		errs = append(errs, <-ends)
		cancel() // a listener that fails ends the others
	}
	return errors.Join(errs...)
}

// stoppable returns a context that ends when ctx ends or cancel is called, but
// only after d.stopping is set.
func (d *desk) stoppable(ctx context.Context) (_ context.Context, cancel func()) {
	later, end := context.WithCancel(context.WithoutCancel(ctx))
	cancel = func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stopping = true
		end()
	}
	context.AfterFunc(ctx, cancel)
	return later, cancel
}

// reloads reloads the enrollments on each signal.
func (d *desk) reloads(ctx context.Context, signals <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-signals:
			d.reload()
		}
	}
}

func (d *desk) reload() {
	if d.enrollments == "" {
		d.trouble(errors.New("there is no file to reload: -enrollments is not set"))
		return
	}
	cfg, err := d.load()
	if err == nil {
		err = d.apply(cfg)
	}
	if err != nil {
		d.trouble(fmt.Errorf("%w\nthe old enrollments stay in effect", err))
		return
	}
	d.note("reload", fmt.Sprintf("%s was reloaded: %s", d.enrollments, journal.Count(len(cfg.Enrollments), "enrollment")))
}

// apply puts enrollments into effect, and creates certificates for new devices.
func (d *desk) apply(cfg dpstest.Config) (err error) {
	cfg.Log = d.event
	d.applying.Lock()
	defer d.applying.Unlock()
	old := d.config.Enrollments
	d.server.Do(func() {
		if err = d.service.SetConfig(cfg); err == nil {
			d.config = cfg
		}
	})
	if err != nil {
		return err
	}
	var s files
	defer s.discard()
	if err := errors.Join(d.stageClientCerts(&s, time.Now(), old), s.commit()); err != nil {
		d.trouble(err)
	}
	return nil
}
