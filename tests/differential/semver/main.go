// SPDX-License-Identifier: Apache-2.0

// semver answers questions, one line of JSON each, as Masterminds/semver and Go's regexp would: which
// versions a range contains and which of them is the highest, or which texts a pattern matches.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

type question struct {
	Range   *string  `json:"range"`
	Pattern *string  `json:"pattern"`
	Texts   []string `json:"texts"`
}

type answer struct {
	Valid bool     `json:"valid"`
	Fits  []string `json:"fits"`
	Best  string   `json:"best"` // the highest; of equal ones any
	Error string   `json:"error"`
}

// version reads a tag as a strict version with one "v" at most, and "_" for "+".
func version(tag string) (*semver.Version, error) {
	return semver.StrictNewVersion(strings.Replace(strings.TrimPrefix(tag, "v"), "_", "+", 1))
}

func contained(text string, tags []string) answer {
	constraint, err := semver.NewConstraint(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	a := answer{Valid: true}
	var best *semver.Version
	for _, tag := range tags {
		v, err := version(tag)
		if err != nil || !constraint.Check(v) {
			continue
		}
		a.Fits = append(a.Fits, tag)
		if best == nil || v.GreaterThan(best) {
			best, a.Best = v, tag
		}
	}
	return a
}

func matched(pattern string, texts []string) answer {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return answer{Error: err.Error()}
	}
	a := answer{Valid: true}
	for _, text := range texts {
		if compiled.MatchString(text) {
			a.Fits = append(a.Fits, text)
		}
	}
	return a
}

func run() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 0, 1<<16), 1<<22)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			return fmt.Errorf("%s: %w", in.Text(), err)
		}
		var a answer
		if q.Range != nil {
			a = contained(*q.Range, q.Texts)
		} else {
			a = matched(*q.Pattern, q.Texts)
		}
		if err := encoder.Encode(a); err != nil {
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
