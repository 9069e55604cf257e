module example.com/dps/fsm/examples

go 1.24

require (
	example.com/dps v0.0.0
	github.com/coder/websocket v1.8.15
)

require github.com/google/go-cmp v0.7.0

replace example.com/dps => ../..
