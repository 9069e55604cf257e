package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"example.com/dps/fsm/registration"
	"example.com/dps/topic"
)

const (
	connectTimeout = 30 * time.Second // for TCP, TLS, WebSocket, CONNECT and SUBSCRIBE together
	writeTimeout   = 10 * time.Second // for a peer that does not read
	closeTimeout   = 250              // for the DISCONNECT, in milliseconds
)

// drive drives a registration to its end. It has no policy of its own: the
// registration decides when to connect, what to publish and when to give up.
//
// The options function returns the options of each client, with a fresh
// password. An error that another attempt cannot resolve ends the registration.
// When ctx ends, drive stops the registration, and the client disconnects.
func drive(ctx context.Context, r *registration.Registration, options func() (*mqtt.ClientOptions, error)) {
	r.Advance(time.Now()) // the budget begins before the first dial
	for r.Want() != registration.WantDone {
		select {
		case <-time.After(time.Until(r.Deadline())):
		case <-ctx.Done():
			r.Stop(time.Now())
			return
		}
		o, err := options()
		if err != nil {
			r.Abort(time.Now(), &registration.StepError{State: registration.Dialing, Err: err})
			return
		}
		l, err := open(ctx, r.End(), o)
		switch {
		case err == nil:
			r.Ready(time.Now())
			err = l.exchange(ctx, r)
			l.close()
			r.Lost(time.Now(), err)
		case ctx.Err() != nil:
			r.Stop(time.Now())
		case hopeless(err):
			r.Abort(time.Now(), &registration.StepError{State: registration.Dialing, Err: err})
		default:
			r.DialFailed(time.Now(), err)
		}
	}
}

// clientOptions returns the options of a client for one link. The client must
// neither reconnect nor resume a session by itself, because the registration
// decides that.
func clientOptions(r *registration.Registration, broker string, cfg *tls.Config, password string) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().AddBroker(broker).SetTLSConfig(cfg).
		SetClientID(r.ClientID()).SetUsername(r.Username()).SetPassword(password).
		SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).
		SetKeepAlive(60 * time.Second).SetConnectTimeout(connectTimeout).SetWriteTimeout(writeTimeout)
}

// A link is a client that connects once. Its callbacks run in goroutines of the
// client and send events to a channel. Each link has its own channel, so that a
// late callback of an earlier client has no effect.
type link struct {
	client mqtt.Client
	events chan event
	closed chan struct{} // lets the callbacks return
}

// An event is a message, or the loss of the connection.
type event struct {
	message mqtt.Message // nil if the connection is lost
	cause   error
}

// open connects and subscribes. It gives up at the time end at the latest,
// unless end is zero.
func open(ctx context.Context, end time.Time, o *mqtt.ClientOptions) (l *link, err error) {
	l = &link{events: make(chan event), closed: make(chan struct{})}
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { l.put(event{message: m}) })
	o.SetConnectionLostHandler(func(_ mqtt.Client, cause error) { l.put(event{cause: cause}) })
	l.client = mqtt.NewClient(o)
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if soon := time.Now().Add(connectTimeout); end.IsZero() || soon.Before(end) {
		end = soon
	}
	ctx, cancel := context.WithDeadlineCause(ctx, end, registration.ErrNoAnswer)
	defer cancel()
	switch err := wait(ctx, l.client.Connect()); {
	case errors.Is(err, packets.ErrorRefusedIDRejected), errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword),
		errors.Is(err, packets.ErrorRefusedNotAuthorised):
		return l, fmt.Errorf("%w: CONNECT refused: %w", registration.ErrUnauthorized, err)
	case err != nil:
		return l, err
	}
	token := l.client.Subscribe(topic.ResponseFilter, 1, nil).(*mqtt.SubscribeToken)
	if err := wait(ctx, token); err != nil {
		return l, err
	}
	if token.Result()[topic.ResponseFilter] == 0x80 {
		return l, fmt.Errorf("%w: subscription refused", registration.ErrUnauthorized)
	}
	return l, nil
}

// wait waits until the operation of the token is complete or ctx ends.
func wait(ctx context.Context, token mqtt.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// put sends an event to the owner of the link. The client's goroutines call it.
func (l *link) put(e event) {
	select {
	case l.events <- e:
	case <-l.closed:
	}
}

// exchange publishes requests and passes the answers to the registration until
// the link is lost or must be closed.
func (l *link) exchange(ctx context.Context, r *registration.Registration) error {
	for r.Want() == registration.WantExchange {
		if name, payload, ok := r.AppendRequest(nil, nil); ok {
			// Wait for the answer below, not for the PUBACK here. An error is
			// available immediately.
			if err := l.client.Publish(string(name), 1, false, payload).Error(); err != nil {
				return err
			}
		}
		select {
		case e := <-l.events:
			if e.message == nil {
				return e.cause
			}
			r.Message(time.Now(), []byte(e.message.Topic()), e.message.Payload())
		case <-time.After(time.Until(r.Deadline())):
			r.Advance(time.Now())
		case <-ctx.Done():
			r.Stop(time.Now())
		}
	}
	return nil
}

func (l *link) close() {
	close(l.closed)
	l.client.Disconnect(closeTimeout)
}

// hopeless reports whether another attempt to connect would fail in the same
// way.
func hopeless(err error) bool {
	var cert *tls.CertificateVerificationError
	var dns *net.DNSError
	return errors.As(err, &cert) || errors.As(err, &dns) && dns.IsNotFound || errors.Is(err, registration.ErrUnauthorized)
}
