// Package fuzz holds the fuzz targets of this module and the tests that look at
// all of its packages together. It exports nothing.
//
// Each target states its invariant in one sentence. To run one for a while:
//
//	go test ./fuzz -run '^$' -fuzz Machine -fuzztime 10m
//
// The seeds of a target are files in testdata/fuzz, which command corpus beside
// this package replaces and converts for libFuzzer. No target adds seeds with
// F.Add, and each needs no other test file than its own, because the tool that
// builds targets for libFuzzer ignores F.Add, would run the code around it for
// every input, and compiles one file.
package fuzz
