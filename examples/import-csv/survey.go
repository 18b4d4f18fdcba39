package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// A survey is what there is to know of a file before anything is sent: that its
// rows can be told apart to the end, how many they are, and what tags they need.
type survey struct {
	hash    string // of the whole file
	header  []string
	rows    int
	rejects int            // rows that are no contacts
	first   []row          // of those
	tags    []string       // in the order of the file
	tagLine map[string]int // where each comes first
}

// maxShown bounds how many rejects a dry run lists.
const maxShown = 10

// surveyFile reads the whole file, and holds a row of it at a time.
func surveyFile(ctx context.Context, r io.Reader) (*survey, error) {
	hash := sha256.New()
	rows, err := newRowReader(io.TeeReader(r, hash))
	if err != nil {
		return nil, err
	}
	s := &survey{header: rows.header, tagLine: map[string]int{}}
	for {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			s.hash = hex.EncodeToString(hash.Sum(nil))
			return s, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		s.rows++
		if row.reject != "" {
			s.rejects++
			if len(s.first) < maxShown {
				s.first = append(s.first, row)
			}
			continue
		}
		for _, name := range row.tags {
			if _, ok := s.tagLine[name]; !ok {
				s.tags, s.tagLine[name] = append(s.tags, name), row.line
			}
		}
	}
}

// print says what an import would do.
func (s *survey) print(w io.Writer, file string) {
	fmt.Fprintf(w, "%s has %d rows\n", file, s.rows)
	fmt.Fprintf(w, "  would be sent  %6d\n", s.rows-s.rejects)
	fmt.Fprintf(w, "  no contacts    %6d\n", s.rejects)
	for _, row := range s.first {
		fmt.Fprintf(w, "    line %d: %s\n", row.line, row.reject)
	}
	if more := s.rejects - len(s.first); more > 0 {
		fmt.Fprintf(w, "    and %d more\n", more)
	}
	fmt.Fprintf(w, "  tags           %6d  %q\n", len(s.tags), s.tags)
}
