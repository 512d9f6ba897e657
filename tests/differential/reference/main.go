// SPDX-License-Identifier: Apache-2.0

// reference reads image names, a JSON string a line, and says of each how the distribution
// project's own code takes it apart, one line of JSON a name.
package main

import (
	"bufio"
	_ "crypto/sha256" // digests are known by the hashes that a program has
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
)

type answer struct {
	Input      string `json:"input"`
	Valid      bool   `json:"valid"`
	Registry   string `json:"registry"`
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
	Canonical  string `json:"canonical"`
	Error      string `json:"error"`
}

func read(name string) answer {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return answer{Input: name, Error: err.Error()}
	}
	named = reference.TagNameOnly(named)
	a := answer{
		Input:      name,
		Valid:      true,
		Registry:   reference.Domain(named),
		Repository: reference.Path(named),
		Canonical:  named.String(),
	}
	if tagged, ok := named.(reference.Tagged); ok {
		a.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		a.Digest = digested.Digest().String()
	}
	return a
}

func run() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<16), 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var name string
		if err := json.Unmarshal(in.Bytes(), &name); err != nil {
			return fmt.Errorf("%s: %w", in.Text(), err)
		}
		if err := encoder.Encode(read(name)); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
