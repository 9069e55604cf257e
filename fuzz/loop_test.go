package fuzz

import (
	"os"
	"strings"
	"testing"
)

// The loop in the README and in the package documentation is exactly the loop
// that the example runs.
func TestTheLoopShownIsTheExample(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, rest, ok := strings.Cut(read("../fsm/example_loop_test.go"), "\nfunc registerDevice(")
	loop, _, ok2 := strings.Cut(rest, "\n}\n")
	if !ok || !ok2 {
		t.Fatal("the example has no function registerDevice")
	}
	loop = "func registerDevice(" + loop + "\n}"
	if !strings.Contains(read("../README.md"), "```go\n"+loop+"\n```\n") {
		t.Error("README.md shows a different loop")
	}
	comment := "//\t" + strings.ReplaceAll(loop, "\n", "\n//\t")
	if !strings.Contains(read("../fsm/doc.go"), strings.ReplaceAll(comment, "\n//\t\n", "\n//\n")) {
		t.Error("fsm/doc.go shows a different loop")
	}
}
