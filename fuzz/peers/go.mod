module example.com/dps/fuzz/peers

go 1.24.0

require (
	example.com/dps v0.0.0
	github.com/at-wat/mqtt-go v0.19.4
	github.com/eclipse/paho.mqtt.golang v1.5.1
	github.com/google/go-cmp v0.7.0
	github.com/mochi-mqtt/server/v2 v2.7.9
	golang.org/x/tools v0.33.0
	pgregory.net/rapid v1.3.0
)

require golang.org/x/net v0.44.0 // indirect

replace example.com/dps => ../..
