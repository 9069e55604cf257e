module example.com/dps/fsm/examples/tiny

go 1.23

require example.com/dps v0.0.0

replace example.com/dps => ../../..
