// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package crane pins the version of crane that tests/bench/resolve builds.
package crane

import _ "github.com/google/go-containerregistry/cmd/crane"
