package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/funnel-go/funnel"
)

// ensureTags returns the ids of the tags that a file names, and creates those
// that are missing.
func ensureTags(ctx context.Context, client *funnel.Client, s *survey) (map[string]funnel.TagID, error) {
	ids := map[string]funnel.TagID{}
	if len(s.tags) == 0 {
		return ids, nil
	}
	for tag, err := range client.Tags.All(ctx, funnel.TagListParams{}) {
		if err != nil {
			return nil, err
		}
		ids[tag.Name] = tag.ID
	}
	for _, name := range s.tags {
		if _, ok := ids[name]; ok {
			continue
		}
		tag, err := ensureTag(ctx, client, name)
		if err != nil {
			return nil, fmt.Errorf("line %d: tag %q: %w", s.tagLine[name], name, err)
		}
		ids[name] = tag.ID
	}
	return ids, nil
}

func ensureTag(ctx context.Context, client *funnel.Client, name string) (*funnel.Tag, error) {
	tag, err := client.Tags.Create(ctx, funnel.TagCreateParams{Name: name})
	if !errors.Is(err, funnel.ErrTagExists) {
		return tag, err
	}
	// Somebody has just created it, or it is written with other capitals.
	for tag, listErr := range client.Tags.All(ctx, funnel.TagListParams{}) {
		if listErr != nil {
			return nil, listErr
		}
		if strings.EqualFold(tag.Name, name) {
			return tag, nil
		}
	}
	return nil, err
}
