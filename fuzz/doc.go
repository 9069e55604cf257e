// Package fuzz holds the fuzz targets of this module and the tests that look at all
// of its packages together. It exports nothing.
//
// Each target states its invariant in one sentence. To run one for a while:
//
//	go test ./fuzz -run '^$' -fuzz '^FuzzDecode$' -fuzztime 10m
package fuzz
