package funnel

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A service is what all of a client's services are underneath. It may be nil:
// that of a zero Client is.
type service struct{ client *Client }

func (s *service) c() *Client {
	if s == nil {
		return nil
	}
	return s.client
}

// A resource describes one of the API's resources, and does with it what the
// API does with all of them: one is a noun, many are its plural, and an id is
// never in the path (assumed).
type resource[T any] struct {
	client  *Client
	one     string // path of one
	many    string // path of the list
	idField string // name of its id, in a query and in a body

	// unique tells that one with the same key cannot be created twice, so that
	// a creation may be repeated.
	unique bool
}

// params that can be wrong for certain say so before they are sent.
type checker interface{ check() error }

func check(params any) error {
	if err := checkUTF8("params", reflect.ValueOf(params)); err != nil {
		return err
	}
	if c, ok := params.(checker); ok {
		return c.check()
	}
	return nil
}

func (r resource[T]) list(ctx context.Context, params any) (*Page[T], error) {
	q, err := listQuery(params)
	if err != nil {
		return nil, err
	}
	return r.page(ctx, q)
}

func (r resource[T]) page(ctx context.Context, q url.Values) (*Page[T], error) {
	return fetchPage[T](ctx, r.client, request{method: http.MethodGet, path: r.many, query: q.Encode()})
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
	return fetch[T](ctx, r.client, request{method: http.MethodGet, path: r.one, query: q})
}

func (r resource[T]) create(ctx context.Context, params any) (*T, error) {
	if err := check(params); err != nil {
		return nil, err
	}
	return fetch[T](ctx, r.client, request{method: http.MethodPost, path: r.one, body: params, repeatable: r.unique})
}

func (r resource[T]) update(ctx context.Context, id ID[T], params any) (*T, error) {
	if err := checkID(r.idField, id); err != nil {
		return nil, err
	}
	if err := check(params); err != nil {
		return nil, err
	}
	return fetch[T](ctx, r.client, request{method: http.MethodPut, path: r.one, body: r.idBody(id, params)})
}

func (r resource[T]) delete(ctx context.Context, id ID[T]) error {
	if err := checkID(r.idField, id); err != nil {
		return err
	}
	return r.client.do(ctx, request{method: http.MethodDelete, path: r.one, query: r.idQuery(id)}, nil)
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

// The API's bounds of per_page (documented).
const (
	minPerPage = 1
	maxPerPage = 100
)

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

// maxFilterIDs is how many ids a filter in a query may have: more make a URL
// that servers refuse.
const maxFilterIDs = 500

func checkFilterIDs[R any](field string, ids []ID[R]) error {
	if len(ids) > maxFilterIDs {
		return argumentError(field, "has %d ids: a query takes at most %d, so ask several times", len(ids), maxFilterIDs)
	}
	if err := checkChoice(field, ids); err != nil {
		return err
	}
	return checkIDs(field, ids)
}

// checkChoice refuses a choice that was made and came out empty: it would be
// taken for none, which means all.
func checkChoice[T any](field string, choice []T) error {
	if choice != nil && len(choice) == 0 {
		return argumentError(field, "is empty, and none would mean all: leave it nil if that is meant")
	}
	return nil
}

func checkIDs[R any](field string, ids []ID[R]) error {
	for _, id := range ids {
		if err := checkID(field, id); err != nil {
			return err
		}
	}
	return nil
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

// checkText refuses a required text that is empty, and any that cannot be
// meant.
func checkText(field, s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return argumentError(field, "is empty: it is required")
	case !utf8.ValidString(s):
		return checkUTF8(field, reflect.ValueOf(s))
	case hasControl(s):
		return argumentError(field, "holds a control character or a line break: remove it")
	}
	return nil
}

// checkEmail refuses what is around an address, and a search would not find. What
// else is no address is the server's to say.
func checkEmail(email string) error {
	if err := checkText("email", email); err != nil {
		return err
	}
	if strings.TrimSpace(email) != email {
		return argumentError("email", "has white space around it: trim it")
	}
	return nil
}

// checkUTF8 refuses a text that is not UTF-8, as from a file in Latin-1: JSON has
// no other, and would lose what it cannot write. The field is named as the API
// does.
func checkUTF8(field string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return argumentError(field, "is not valid UTF-8: convert it")
		}
	case reflect.Pointer:
		return checkUTF8(field, v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if err := checkUTF8(field, v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			if err := cmp.Or(checkUTF8(field, entry.Key()), checkUTF8(field, entry.Value())); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(cmp.Or(v.Type().Field(i).Tag.Get("json"), v.Type().Field(i).Tag.Get("url")), ",")
			if err := checkUTF8(name, v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}
