package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/funnel-go/funnel"
)

// settle counts a row whose result is final. Another one ends the import: the
// next start does it again.
func (im *importer) settle(row row, result funnel.BulkResult[*funnel.Contact]) error {
	im.saving.Lock()
	defer im.saving.Unlock()
	if im.saveErr != nil {
		return im.saveErr
	}
	c := im.checkpoint
	switch {
	case row.reject != "":
		if err := im.rejects.add(row, row.reject); err != nil {
			return err
		}
		c.Rejected++
	case result.Status == funnel.BulkCreated:
		c.Created++
		im.cost++
	case result.Status == funnel.BulkUpdated:
		c.Updated++
		im.cost += 3 // at most: POST, which finds it there, GET, PUT
		if len(row.tags) > 0 {
			im.cost += 2 // POST, and GET to see them all
		}
	case im.create && errors.Is(result.Err, funnel.ErrContactExists):
		c.Existing++
		im.cost++
	case im.isFinal(result.Err):
		if err := im.rejects.add(row, reason(result.Err)); err != nil {
			return err
		}
		c.Rejected++
		im.cost++
	default:
		return fmt.Errorf("row %d, on line %d: %w", row.number, row.line, result.Err)
	}
	c.Rows++
	if c.unsaved() < saveRows {
		return nil
	}
	return im.save()
}

// isFinal reports whether another try would come to the same: the row is at
// fault, or the API in a way that the user does not want to wait for.
func (im *importer) isFinal(err error) bool {
	var (
		invalid  *funnel.ValidationError
		argument *funnel.ArgumentError
		answer   *funnel.APIError
	)
	switch {
	case errors.As(err, &invalid), errors.As(err, &argument):
		return true
	case !im.keepGoing, errors.Is(err, context.Canceled),
		errors.Is(err, funnel.ErrUnauthorized), errors.Is(err, funnel.ErrForbidden), errors.Is(err, funnel.ErrRateLimited):
		return false
	}
	return errors.As(err, &answer)
}

// reason says for the user's eyes why a row was refused.
func reason(err error) string {
	var (
		invalid  *funnel.ValidationError
		argument *funnel.ArgumentError
	)
	switch {
	case errors.As(err, &invalid) && len(invalid.Details) > 0:
		var reasons []string
		for _, field := range slices.Sorted(maps.Keys(invalid.Details)) {
			reasons = append(reasons, field+": "+strings.Join(invalid.Details[field], " "))
		}
		return strings.Join(reasons, "; ")
	case errors.As(err, &argument):
		return argument.Field + ": " + argument.Message
	}
	return err.Error()
}
