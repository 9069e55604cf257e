module example.com/dps/fuzz/corpus

go 1.24

require (
	github.com/AdamKorcz/go-118-fuzz-build v0.0.0-20250520111509-a70c2aa677fa
	github.com/google/go-cmp v0.7.0
)

require (
	github.com/AdaLogics/go-fuzz-headers v0.0.0-20230811130428-ced1acdcaa24 // indirect
	golang.org/x/mod v0.6.0 // indirect
	golang.org/x/sys v0.2.0 // indirect
	golang.org/x/tools v0.2.0 // indirect
)

tool github.com/AdamKorcz/go-118-fuzz-build
