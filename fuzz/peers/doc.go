// Package peers holds package packet against other codecs of MQTT 3.1.1, against an
// independent dissector and a real broker. The README has the results and tells how
// to run it.
//
// It is a module of its own so that nobody who uses package packet depends on any of
// them.
package peers
