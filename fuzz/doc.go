// Package fuzz contains the fuzz targets of this module and the tests that
// check all of its packages together. It exports nothing.
//
// Each target states its invariant in one sentence. To run one for a while:
//
//	go test ./fuzz -run '^$' -fuzz Machine -fuzztime 10m
//
// The seeds of a target are files in testdata/fuzz, which command corpus in a
// directory of this package replaces and converts for libFuzzer. No target adds
// seeds with F.Add, and no target needs code from another test file. The reason
// is the tool that builds targets for libFuzzer: it compiles only one test
// file, ignores F.Add, and would run the code around F.Add for every input.
package fuzz
