package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// equivalentList says of which mutants no test can tell, or need tell, the difference:
// package, function, the line as it is and as it would be, and the reason.
//
//go:embed equivalent.tsv
var equivalentList string

// equivalents returns the reasons for one package, by the key of the mutant.
func equivalents(list, pkg string) (map[string]string, error) {
	reasons := map[string]string{}
	for i, line := range strings.Split(strings.TrimSpace(list), "\n") {
		columns := strings.Split(line, "\t")
		if i == 0 { // the heading
			continue
		}
		if len(columns) != 5 || columns[4] == "" {
			return nil, fmt.Errorf("equivalent.tsv:%d: %d columns, want package, function, line, mutant, reason", i+1, len(columns))
		}
		if columns[0] == pkg {
			reasons[strings.Join(columns[1:4], "\t")] = columns[4]
		}
	}
	return reasons, nil
}
