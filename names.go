package funnel

import (
	"fmt"
	"iter"
	"strings"

	"github.com/funnel-go/funnel/internal/text"
)

// A NameError reports that no resource has the given name, or that several do. If
// there is none, errors.Is(err, ErrNotFound) is true.
//
// Names are compared without the white space around them. If no name is equal, they are
// compared again without regard to case. Several matches are an error.
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

// Is reports whether target is [ErrNotFound] and no resource has the name.
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
