package funnel

import (
	"fmt"
	"iter"
	"strings"

	"github.com/funnel-go/funnel/internal/text"
)

// A NameError reports that a name does not lead to exactly one resource. It matches
// [ErrNotFound] with [errors.Is] if there is none.
//
// Names are compared without white space around them: exactly first, and then
// ignoring case. Several exact matches are ambiguous, and so are several that differ
// in case only, unless one of them is exact.
type NameError struct {
	Resource string // such as "tag"
	Name     string // as it was given
	Matches  int    // how many have the name: 0, or 2 and more
}

// Error names the resource, the name and the number of matches.
func (e *NameError) Error() string {
	name := text.Clip(e.Name, 128)
	if e.Matches == 0 {
		return fmt.Sprintf("funnel: there is no %s with the name %q", e.Resource, name)
	}
	return fmt.Sprintf("funnel: %d resources of type %s have the name %q: rename all but one, or use the id", e.Matches, e.Resource, name)
}

// Is reports whether target is [ErrNotFound] and there is no match.
func (e *NameError) Is(target error) bool { return target == ErrNotFound && e.Matches == 0 }

// byName returns the one item with that name.
func byName[T any](resource, name string, items []T, nameOf func(T) string) (*T, error) {
	var exact, folded []*T
	want := strings.TrimSpace(name)
	for i := range items {
		got := strings.TrimSpace(nameOf(items[i]))
		if got == want {
			exact = append(exact, &items[i])
		}
		if strings.EqualFold(got, want) {
			folded = append(folded, &items[i])
		}
	}
	matches := folded
	if len(exact) > 0 {
		matches = exact
	}
	if len(matches) != 1 {
		return nil, &NameError{Resource: resource, Name: name, Matches: len(matches)}
	}
	return matches[0], nil
}

// collect reads a range to its end.
func collect[T any](items iter.Seq2[*T, error]) ([]T, error) {
	var all []T
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		all = append(all, *item)
	}
	return all, nil
}
