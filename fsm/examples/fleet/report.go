package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// bound returns the earliest time at which the last device can be registered:
// the quota fills one minute after another, the power-up takes a second, and
// the service asks for a wait before the query.
func bound(devices int) time.Duration {
	return time.Duration((devices-1)/registrationsPerMinute)*time.Minute + time.Second + pollAfter
}

// quantile returns the time after which the given part of the devices is
// registered.
func (r *result) quantile(part float64) time.Duration {
	return r.registered[int(part*float64(len(r.registered)-1))]
}

// ratio returns the time to register the last device, as a multiple of the
// bound.
func (r *result) ratio() float64 {
	return r.quantile(1).Seconds() / bound(len(r.registered)).Seconds()
}

// perDevice returns the number of requests per device.
func (r *result) perDevice() float64 { return float64(r.requests) / float64(len(r.registered)) }

// table writes the results of the runs.
func table(w io.Writer, devices int, results []result) {
	fmt.Fprintf(w, "%s devices, switched on in the same second. With this quota, the last one can be registered after %v at the earliest.\n\n",
		thousands(devices), bound(devices).Round(time.Second))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "policy\tlast after\ttimes the bound\trequests\trefused\tconnections\twait: half\t9 of 10\t99 of 100\tCPU\theap\tpeak\t")
	for _, r := range results {
		each := func(n int) string { return fmt.Sprintf("%.2f", float64(n)/float64(devices)) }
		connections, heap := "-", "-"
		if r.connections > 0 {
			connections, heap = each(r.connections), thousands(r.cost.bytes)+" B"
		}
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t%v\t%s\t%d MiB\t\n", r.policy, clock(r.quantile(1)), r.ratio(),
			each(r.requests), each(r.refused), connections, clock(r.quantile(0.5)), clock(r.quantile(0.9)), clock(r.quantile(0.99)),
			r.cost.cpu.Round(10*time.Nanosecond), heap, r.cost.peak>>20)
	}
	t.Flush()
	fmt.Fprintln(w, "\nRequests, refused requests (429), connections, CPU and heap are per device; the peak is that of the process so far.")
}

// clock formats a duration as 16:39:04.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// thousands formats a number as 1,000,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
