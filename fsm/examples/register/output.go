package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"example.com/dps/fsm"
	"example.com/dps/fsm/examples/internal/show"
)

// output writes the results.
type output struct {
	stdout, stderr io.Writer
	steps          io.Writer // receives each step as it happens
	json           bool
}

// A report is the object that -json writes if the registration fails.
type report struct {
	Error      string `json:"error"`
	Step       string `json:"step,omitempty"`       // the step that failed
	Hint       string `json:"hint,omitempty"`       // what to try
	Status     int    `json:"status,omitempty"`     // in the service's answer, such as 401
	ErrorCode  int    `json:"errorCode,omitempty"`  // in the service's answer, such as 401002
	TrackingID string `json:"trackingId,omitempty"` // for Microsoft's support
	ExitCode   int    `json:"exitCode"`
}

// assigned writes the assignment and returns the exit code.
func (o *output) assigned(a fsm.Assignment) int {
	if o.json {
		o.encode(a)
		return exitAssigned
	}
	fmt.Fprintf(o.stdout, "\nAssigned.\n  hub        %s\n  device ID  %s\n", show.Clean(a.AssignedHub), show.Clean(a.DeviceID))
	if a.Substatus != "" {
		fmt.Fprintf(o.stdout, "  substatus  %s\n", show.Clean(a.Substatus))
	}
	if len(a.Payload) > 0 {
		fmt.Fprintf(o.stdout, "  payload    %s\n", show.Clean(string(a.Payload)))
	}
	return exitAssigned
}

// failed writes the error of a registration and returns the exit code. The text
// describes the error for people.
func (o *output) failed(err error, text, hint string) int {
	r := report{Error: show.Clean(text), Step: step(err), Hint: hint, ExitCode: exitCode(err)}
	var service *fsm.ServiceError
	if errors.As(cause(err), &service) {
		r.Status, r.ErrorCode, r.TrackingID = service.Status, service.ErrorCode, service.TrackingID
	}
	if o.json {
		o.encode(r)
		return r.ExitCode
	}
	fmt.Fprintf(o.stderr, "\nNot registered: %s\n", r.Error)
	if r.Step != "" {
		fmt.Fprintf(o.stderr, "  at   %s\n", r.Step)
	}
	if r.Hint != "" {
		fmt.Fprintf(o.stderr, "  try  %s\n", show.Clean(r.Hint))
	}
	return r.ExitCode
}

// badUsage reports the mistakes in the command line and returns the exit code.
func (o *output) badUsage(err error) int {
	if o.json {
		o.encode(report{Error: err.Error(), Step: "command line", Hint: "run \"register -h\" for usage", ExitCode: exitUsage})
		return exitUsage
	}
	lines := strings.ReplaceAll(show.Clean(err.Error()), "\n", "\nregister: ")
	fmt.Fprintf(o.stderr, "register: %s\n(Run \"register -h\" for usage.)\n", lines)
	return exitUsage
}

func (o *output) encode(v any) {
	e := json.NewEncoder(o.stdout)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		fmt.Fprintf(o.stderr, "register: %v\n", err)
	}
}
