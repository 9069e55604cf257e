//go:build js

package main

import (
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"example.com/dps/fsm"
)

// A device is a machine whose transport is a WebSocket with callbacks.
type device struct {
	m     *fsm.Machine
	url   string
	token func() []byte
	done  func(fsm.Assignment, error)

	socket js.Value // the current WebSocket, or undefined if there is none
	opened bool     // whether its handshake has finished
	timer  js.Value
	onTime js.Func
}

// act does what the machine wants. It must be called after each input. It does
// not block.
func (d *device) act() {
	for {
		if out := d.m.AppendOutput(nil); len(out) > 0 {
			data := js.Global().Get("Uint8Array").New(len(out))
			js.CopyBytesToJS(data, out)
			d.socket.Call("send", data)
			clear(out) // the first output contains the token
		}
		switch d.m.Want() {
		case fsm.WantDone:
			d.setTimer(-1)
			d.done(d.m.Result())
			return
		case fsm.WantClose:
			d.close()
			d.m.Lost(time.Now(), nil)
			continue
		case fsm.WantDial:
			if time.Now().Before(d.m.Deadline()) {
				break
			}
			if err := d.dial(); err != nil { // another attempt would fail in the same way
				d.m.Abort(time.Now(), err)
				continue
			}
			d.m.Dialing(time.Now()) // from now on, the Deadline is the timeout of the dial
		}
		d.setTimer(time.Until(d.m.Deadline()))
		return
	}
}

// setTimer arranges for the machine to advance after a time. If after is
// negative, it only stops the timer.
func (d *device) setTimer(after time.Duration) {
	if !d.timer.IsUndefined() {
		js.Global().Call("clearTimeout", d.timer)
		d.onTime.Release()
		d.timer = js.Undefined()
	}
	if after < 0 {
		return
	}
	d.onTime = js.FuncOf(func(js.Value, []js.Value) any {
		d.m.Advance(time.Now())
		d.act()
		return nil
	})
	d.timer = js.Global().Call("setTimeout", d.onTime, after.Milliseconds()+1)
}

// dial starts to dial and returns immediately. It fails if the URL is not the
// URL of a WebSocket.
func (d *device) dial() (err error) {
	defer func() {
		if e, ok := recover().(js.Error); ok {
			err = fmt.Errorf("cannot open a WebSocket at %q: %w", d.url, e)
		}
	}()
	ws := js.Global().Get("WebSocket").New(d.url, fsm.WebSocketSubprotocol)
	ws.Set("binaryType", "arraybuffer")
	d.socket, d.opened = ws, false

	var listeners []js.Func
	on := func(event string, input func(js.Value)) {
		f := js.FuncOf(func(_ js.Value, args []js.Value) any {
			if event == "close" { // the last event
				defer func() {
					for _, f := range listeners {
						f.Release()
					}
				}()
			}
			if ws.Equal(d.socket) { // ignore late events of an earlier WebSocket
				input(args[0])
				d.act()
			}
			return nil
		})
		listeners = append(listeners, f)
		ws.Call("addEventListener", event, f)
	}
	on("open", func(js.Value) {
		d.opened = true
		d.m.Open(time.Now(), d.token()) // an error ends the registration
	})
	on("message", func(e js.Value) { d.receive(e.Get("data")) })
	on("close", func(e js.Value) {
		d.socket = js.Undefined()
		cause := fmt.Errorf("WebSocket closed with code %d", e.Get("code").Int())
		if d.opened {
			d.m.Lost(time.Now(), cause)
		} else {
			d.m.DialFailed(time.Now(), cause)
		}
	})
	on("error", func(js.Value) {}) // "close" follows, and "error" has no more details
	return nil
}

// receive passes a message to the machine. A message is a part of the stream,
// not necessarily a packet.
func (d *device) receive(data js.Value) {
	if !data.InstanceOf(js.Global().Get("ArrayBuffer")) {
		d.close()
		d.m.Lost(time.Now(), errors.New("text frame on a WebSocket"))
		return
	}
	array := js.Global().Get("Uint8Array").New(data)
	in := make([]byte, array.Length())
	js.CopyBytesToGo(in, array)
	d.m.Receive(time.Now(), in)
}

// close closes the WebSocket. Its later events have no effect.
func (d *device) close() {
	ws := d.socket
	d.socket = js.Undefined()
	ws.Call("close")
}
