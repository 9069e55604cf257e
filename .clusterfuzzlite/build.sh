#!/bin/bash
# Builds every fuzz target of the module with libFuzzer, and an archive of seeds for each.
# OSS-Fuzz and ClusterFuzzLite run this script in their image; .ci/libfuzzer runs it anywhere
# else. The script changes the sources in $SRC/dps, which must therefore be a copy.
set -euo pipefail
cd "$SRC/dps"
export GOFLAGS=-buildvcs=false # the owner of the repository may be another user

# Install the tool and the package with which it replaces "testing", in the version that
# fuzz/corpus requires.
tool=github.com/AdamKorcz/go-118-fuzz-build
version=$(go -C fuzz/corpus list -m -f '{{.Version}}' $tool)
mkdir -p "$SRC/bin"
GOBIN=$SRC/bin go -C fuzz/corpus install $tool
export PATH="$SRC/bin:$PATH"
go get "$tool/testing@$version"

# compile PACKAGE FUNCTION builds a target. In the image, it uses the helper
# compile_native_go_fuzzer, which can also measure coverage, and which does not fail if it
# builds nothing.
compile() {
	if command -v compile_native_go_fuzzer >/dev/null; then
		compile_native_go_fuzzer "$1" "$2" "$2"
	else
		go-118-fuzz-build -o "$2.a" -func "$2" "$(go list -f '{{.Dir}}' "$1")"
		$CXX $CXXFLAGS $LIB_FUZZING_ENGINE "$2.a" -o "$OUT/$2"
	fi
	[ -x "$OUT/$2" ] || { echo "$1 $2 was not built"; exit 1; }
}

targets=$(go -C fuzz/corpus run . -list)
while read -r package function; do
	compile "$package" "$function"
done <<<"$targets"
go -C fuzz/corpus run . -zip "$OUT"
