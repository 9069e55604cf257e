// Package clients contains clients in other languages than Go, each of which
// registers a device with the simulator. They use Microsoft's device SDK for
// Node and MQTT.js (node), paho-mqtt (python), libmosquitto (c), and the
// mosquitto programs (mosquitto). The clients are examples to start from, and
// the package's tests run each of them against the simulator. Use "go test
// -count=1", because changes to the clients do not invalidate cached test
// results.
//
// A Go program that uses Eclipse Paho is in ../../paho.
package clients
