// Package clients holds clients that are not written in Go, each of which
// registers a device with the simulator: Microsoft's device SDK for Node and
// MQTT.js (node), paho-mqtt (python), libmosquitto (c), and the mosquitto
// programs (mosquitto). The programs are examples to start from; the package's
// test runs each of them against the simulator. Use "go test -count=1", since
// the cache does not know the programs that the test starts.
//
// A Go program that uses Eclipse Paho is in ../../paho.
package clients
