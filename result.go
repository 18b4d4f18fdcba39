package funnel

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/funnel-go/funnel/internal/envelope"
)

// fetch makes the call and returns its result. isSame, if not nil, checks that it
// is the one that was requested.
func fetch[T any](ctx context.Context, c *core, req request, isSame func(*T) error) (*T, error) {
	var result *T
	err := c.do(ctx, req, func(body []byte) (err error) {
		if result, err = envelope.Data[T](body); err != nil {
			return err
		}
		if err = checkResult(result); err == nil && isSame != nil {
			err = isSame(result)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

// checkResult refuses a resource without its own id, which is a response of
// another shape than the contract's.
func checkResult[T any](result *T) error {
	v := reflect.ValueOf(result).Elem()
	if id, ok := idOf(v); ok && id <= 0 {
		return fmt.Errorf("%w: an id is missing", envelope.ErrUnexpected)
	}
	if nested, ok := any(result).(checker); ok {
		return nested.check()
	}
	return nil
}

func checkItems[T any](items []T) error {
	for i := range items {
		if err := checkResult(&items[i]); err != nil {
			return err
		}
	}
	return nil
}

// checkSame reports a response that has another resource than the one requested,
// as a server sends that ignores the parameter.
func checkSame(field, requested, got string) error {
	if requested != got {
		return fmt.Errorf("%w: the server returned another resource than the requested one (%s differs)", envelope.ErrUnexpected, field)
	}
	return nil
}

// decodeInto is the decoder for a result of the user's own type.
func decodeInto(out any) decoder {
	return func(body []byte) error {
		data, err := envelope.Data[json.RawMessage](body)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(*data, out); err != nil {
			return fmt.Errorf("%w: %w", envelope.ErrUnexpected, err)
		}
		if envelope.HasNoneOf(*data, reflect.TypeOf(out)) {
			return fmt.Errorf("%w: the data has none of the fields of %T", envelope.ErrUnexpected, out)
		}
		return nil
	}
}

// optionalID is the decoder for a response that may contain the id of the resource,
// or nothing.
func optionalID[T any](id *ID[T]) decoder {
	return func(body []byte) error {
		if err := envelope.Success(body); err != nil {
			return err
		}
		if result, err := envelope.Data[struct {
			ID ID[T] `json:"id"`
		}](body); err == nil {
			*id = result.ID
		}
		return nil
	}
}

// idOnly returns the id alone, of a resource of which create returns no more.
func idOnly[T any](created *T, err error) (ID[T], error) {
	if err != nil {
		return 0, err
	}
	id, _ := idOf(reflect.ValueOf(created).Elem())
	return ID[T](id), nil
}
