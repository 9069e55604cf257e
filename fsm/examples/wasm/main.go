//go:build js

// Wasm registers a device from a browser: it defines a JavaScript function
// dpsRegister, whose transport is the browser's WebSocket. It starts no
// goroutine. Everything happens in callbacks of the WebSocket, and of a timer
// for the machine's Deadline.
//
// The README of the examples has the commands that build and run it.
//
// A browser accepts only certificates that it already trusts. It is not known
// whether the real service, which sees the page's origin, accepts connections
// from web pages.
package main

import (
	"encoding/json"
	"syscall/js"
	"time"

	"example.com/dps/fsm"
	"example.com/dps/sastoken"
)

func main() {
	js.Global().Set("dpsRegister", js.FuncOf(dpsRegister))
	select {} // dpsRegister can be called while the program runs
}

// dpsRegister has one argument, an object with the properties url, idScope,
// registrationId and key, which is in base64. It returns a Promise of the
// assignment.
func dpsRegister(_ js.Value, args []js.Value) any {
	executor := js.FuncOf(func(_ js.Value, settle []js.Value) any {
		done := func(a fsm.Assignment, err error) {
			if err != nil {
				settle[1].Invoke(js.Global().Get("Error").New(err.Error()))
				return
			}
			text, _ := json.Marshal(a)
			settle[0].Invoke(js.Global().Get("JSON").Call("parse", string(text)))
		}
		d, err := newDevice(args, done)
		if err != nil {
			done(fsm.Assignment{}, err)
			return nil
		}
		d.act()
		return nil
	})
	defer executor.Release() // by then, New has called it
	return js.Global().Get("Promise").New(executor)
}

func newDevice(args []js.Value, done func(fsm.Assignment, error)) (*device, error) {
	option := func(name string) string {
		if len(args) == 0 || args[0].Type() != js.TypeObject || args[0].Get(name).Type() != js.TypeString {
			return ""
		}
		return args[0].Get(name).String()
	}
	key, err := sastoken.DecodeKey(option("key"))
	if err != nil {
		return nil, err
	}
	idScope, id := option("idScope"), option("registrationId")
	m, err := fsm.New(fsm.Config{IDScope: idScope, RegistrationID: id})
	if err != nil {
		return nil, err
	}
	return &device{m: m, url: option("url"), done: done, token: func() []byte {
		expiry := time.Now().Add(time.Hour)
		password, err := sastoken.Sign(key, sastoken.Resource(idScope, id), sastoken.KeyName, expiry).AppendPassword(nil)
		if err != nil {
			return nil // then Open reports an error
		}
		return password
	}}, nil
}
