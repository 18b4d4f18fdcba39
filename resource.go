package funnel

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
)

// A service is the underlying type of all services. It is nil in a zero Client.
type service struct{ core *core }

func (s *service) c() *core {
	if s == nil {
		return nil
	}
	return s.core
}

// A resource describes one of the API's resources. The path of one is a noun, the
// path of many is its plural, the HTTP method selects the operation, and an id is never
// in a path.
//
// A function such as tagResource returns it. If a method of the service did, every
// package that imports the SDK would compile all resources again.
type resource[T any] struct {
	core    *core
	one     string // path of one
	many    string // path of the list
	idField string // name of its id in a request

	// unique is set if a second one with the same key is rejected, so that a
	// repeated create cannot duplicate it.
	unique bool
}

func (r resource[T]) list(ctx context.Context, params any) (*Page[T], error) {
	q, err := listQuery(params)
	if err != nil {
		return nil, err
	}
	return fetchPage[T](ctx, r.core, r.many, q)
}

func (r resource[T]) all(ctx context.Context, params any) iter.Seq2[*T, error] {
	return walk[T](ctx, r.core, r.many, func() (url.Values, error) { return listQuery(params) })
}

// whole reads a list that has no pages.
func (r resource[T]) whole(ctx context.Context) ([]T, error) {
	return fetchAll[T](ctx, r.core, r.many, nil)
}

func (r resource[T]) get(ctx context.Context, id ID[T]) (*T, error) {
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	return r.find(ctx, url.Values{r.idField: {id.String()}}, func(got *T) error {
		return checkSame(r.idField, id.String(), idString(got))
	})
}

// find reads the one that the query names. isSame checks that the server has
// returned that one, and not just any.
func (r resource[T]) find(ctx context.Context, q url.Values, isSame func(*T) error) (*T, error) {
	return fetch(ctx, r.core, request{method: http.MethodGet, path: r.one, query: q.Encode()}, isSame)
}

func (r resource[T]) create(ctx context.Context, params any) (*T, error) {
	if err := check(params); err != nil {
		return nil, err
	}
	return fetch[T](ctx, r.core, request{method: http.MethodPost, path: r.one, body: params, repeatable: r.unique}, nil)
}

// B5: update and delete use the path of create and name the resource by the same
// parameter as every other operation.
func (r resource[T]) update(ctx context.Context, id ID[T], params any) error {
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	return r.put(ctx, field{r.idField, id}, params)
}

// put updates the resource that name identifies.
func (r resource[T]) put(ctx context.Context, name field, params any) error {
	if err := check(params); err != nil {
		return err
	}
	if err := r.core.ready(ctx); err != nil {
		return err
	}
	if reflect.ValueOf(params).IsZero() && callOptionsFrom(ctx).fields == nil {
		return argumentError("params", "sets no field: set at least one, for example with funnel.Ptr")
	}
	return r.core.do(ctx, request{method: http.MethodPut, path: r.one, body: object{name}.and(params)}, nil)
}

func (r resource[T]) delete(ctx context.Context, id ID[T]) error {
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	return r.core.do(ctx, deletion(r.one, object{{r.idField, id}}), nil)
}

// B1: a DELETE has its parameters in a JSON body, like a PUT.
func deletion(path string, params any) request {
	return request{method: http.MethodDelete, path: path, body: params}
}

// listQuery encodes the parameters of a list and checks what all lists have.
func listQuery(params any) (url.Values, error) {
	if err := check(params); err != nil {
		return nil, err
	}
	q, err := encodeQuery(params)
	if err != nil {
		return nil, err
	}
	if perPage, _ := strconv.Atoi(q.Get("per_page")); q.Has("per_page") && (perPage < minPerPage || perPage > maxPerPage) {
		return nil, argumentError("per_page", "is %d: must be between %d and %d, or 0 for the API's default", perPage, minPerPage, maxPerPage)
	}
	if page, _ := strconv.Atoi(q.Get("page")); page < 0 {
		return nil, argumentError("page", "is %d: pages count from 1", page)
	}
	if q.Has("range") {
		q.Set("period", string(PeriodBetween))
	}
	return q, nil
}
