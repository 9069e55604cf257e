// Package peers compares package packet with other codecs of MQTT 3.1.1, with
// an independent dissector, and with a real broker. The README has the results
// and explains how to run it.
//
// It is a separate module, so that users of package packet do not depend on any
// of them.
package peers
