package main

import (
	_ "embed"
	"fmt"
	"strings"
)

// equivalentList lists the mutants that no test can, or need, distinguish from
// the original: the package, the function, the original and the changed line,
// and the reason.
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
			return nil, fmt.Errorf("equivalent.tsv:%d: expected the columns package, function, line, mutant and reason, got %d columns", i+1, len(columns))
		}
		if columns[0] == pkg {
			reasons[strings.Join(columns[1:4], "\t")] = columns[4]
		}
	}
	return reasons, nil
}
