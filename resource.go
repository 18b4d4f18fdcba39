package funnel

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A service is what all of a client's services are underneath. It may be nil:
// that of a zero Client is.
type service struct{ core *core }

func (s *service) c() *core {
	if s == nil {
		return nil
	}
	return s.core
}

// A resource describes one of the API's resources, and does with it what the
// API does with all of them: one is a noun, many are its plural, and an id is
// never in the path (assumed).
type resource[T any] struct {
	core    *core
	one     string // path of one
	many    string // path of the list
	idField string // name of its id, in a query and in a body

	// unique tells that one with the same key cannot be created twice, so that
	// a creation may be repeated.
	unique bool
}

func (r resource[T]) list(ctx context.Context, params any) (*Page[T], error) {
	q, err := listQuery(params)
	if err != nil {
		return nil, err
	}
	return r.page(ctx, q)
}

func (r resource[T]) page(ctx context.Context, q url.Values) (*Page[T], error) {
	return fetchPage[T](ctx, r.core, request{method: http.MethodGet, path: r.many, query: q.Encode()})
}

func (r resource[T]) all(ctx context.Context, params any) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		q, err := listQuery(params)
		if err != nil {
			yield(nil, err)
			return
		}
		walk(ctx, r, q, yield)
	}
}

// collect reads a whole list that is short by its nature.
func (r resource[T]) collect(ctx context.Context, q url.Values) ([]T, error) {
	items := []T{}
	var failed error
	walk(ctx, r, q, func(item *T, err error) bool {
		if err != nil {
			failed = err
			return false
		}
		items = append(items, *item)
		return true
	})
	if failed != nil {
		return nil, failed
	}
	return items, nil
}

func (r resource[T]) get(ctx context.Context, id ID[T]) (*T, error) {
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	return r.find(ctx, r.idQuery(id))
}

func (r resource[T]) find(ctx context.Context, q string) (*T, error) {
	return fetch[T](ctx, r.core, request{method: http.MethodGet, path: r.one, query: q})
}

func (r resource[T]) create(ctx context.Context, params any) (*T, error) {
	if err := check(params); err != nil {
		return nil, err
	}
	return fetch[T](ctx, r.core, request{method: http.MethodPost, path: r.one, body: params, repeatable: r.unique})
}

func (r resource[T]) update(ctx context.Context, id ID[T], params any) (*T, error) {
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	if err := check(params); err != nil {
		return nil, err
	}
	return fetch[T](ctx, r.core, request{method: http.MethodPut, path: r.one, body: r.idBody(id, params)})
}

func (r resource[T]) delete(ctx context.Context, id ID[T]) error {
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	return r.core.do(ctx, request{method: http.MethodDelete, path: r.one, query: r.idQuery(id)}, nil)
}

// idQuery names one resource in the query of a GET or DELETE.
func (r resource[T]) idQuery(id ID[T]) string {
	return r.idField + "=" + id.String()
}

// idValues is idQuery for those who add to it.
func (r resource[T]) idValues(id ID[T]) url.Values {
	return url.Values{r.idField: {id.String()}}
}

// idBody names one resource in the body of a POST or PUT, beside the fields of
// params, a struct.
func (r resource[T]) idBody(id ID[T], params any) json.Marshaler {
	return body{field: r.idField, id: int64(id), params: params}
}

type body struct {
	field  string
	id     int64
	params any
}

func (b body) MarshalJSON() ([]byte, error) {
	fields, err := json.Marshal(b.params)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	buf.WriteString(`{"` + b.field + `":` + strconv.FormatInt(b.id, 10))
	if rest := fields[1:]; rest[0] != '}' {
		buf.WriteByte(',')
	}
	buf.Write(fields[1:])
	return buf.Bytes(), nil
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
		return nil, argumentError("per_page", "is %d: must be between %d and %d, or 0 for the default", perPage, minPerPage, maxPerPage)
	}
	if page, _ := strconv.Atoi(q.Get("page")); page < 0 {
		return nil, argumentError("page", "is %d: pages count from 1", page)
	}
	return q, nil
}

// joinIDs writes a list of ids as a query has it.
func joinIDs[R any](ids []ID[R]) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(id.String())
	}
	return b.String()
}

// notNil makes a nil slice in update params the empty one that it stands for:
// null would leave the field as it is.
func notNil[T any](list *[]T) *[]T {
	if list != nil && *list == nil {
		return &[]T{}
	}
	return list
}
