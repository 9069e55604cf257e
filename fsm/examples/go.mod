module example.com/dps/fsm/examples

go 1.24.0

require (
	example.com/dps v0.0.0
	github.com/coder/websocket v1.8.15
	github.com/eclipse/paho.mqtt.golang v1.5.1
	golang.org/x/net v0.44.0
)

require (
	github.com/google/go-cmp v0.7.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	golang.org/x/sync v0.17.0 // indirect
	golang.org/x/text v0.29.0 // indirect
)

replace example.com/dps => ../..
