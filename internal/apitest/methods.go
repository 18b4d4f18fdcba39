package apitest

import (
	"context"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/funnel-go/funnel"
)

// A Method is a method of a service. Tests that hold for all resources range over
// [Methods], so that they cover a new resource too.
type Method struct {
	Name string // such as "Contacts.Get"
	fn   reflect.Value
}

// Methods returns all methods of all services of the client.
func Methods(client *funnel.Client) []Method {
	var methods []Method
	services := reflect.ValueOf(client).Elem()
	for i := range services.NumField() {
		field := services.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		service := services.Field(i)
		for j := range service.NumMethod() {
			methods = append(methods, Method{field.Name + "." + service.Type().Method(j).Name, service.Method(j)})
		}
	}
	return methods
}

// Of returns the same method of another client.
func (m Method) Of(client *funnel.Client) Method {
	service, name, _ := strings.Cut(m.Name, ".")
	return Method{m.Name, reflect.ValueOf(client).Elem().FieldByName(service).MethodByName(name)}
}

var (
	contextType    = reflect.TypeFor[context.Context]()
	contactRefType = reflect.TypeFor[funnel.ContactRef]()
	periodType     = reflect.TypeFor[funnel.Period]()
	errorType      = reflect.TypeFor[error]()
)

func (m Method) arguments() []reflect.Type {
	var types []reflect.Type
	for i := range m.fn.Type().NumIn() {
		types = append(types, m.fn.Type().In(i))
	}
	return types
}

// IDs returns the names of the ids in the arguments, such as "contact_id" and
// "tag_ids". Optional ids are left out.
func (m Method) IDs() []string {
	var names []string
	for _, in := range m.arguments() {
		if in != contextType {
			fill(reflect.New(in).Elem(), func(name string) int64 {
				names = append(names, name)
				return 7
			})
		}
	}
	return names
}

// Takes reports whether the method takes parameters with that field, such as
// "Period".
func (m Method) Takes(field string) bool {
	for _, in := range m.arguments() {
		if in.Kind() == reflect.Struct {
			if _, ok := in.FieldByName(field); ok {
				return true
			}
		}
	}
	return false
}

// ReturnsOnlyError reports whether the method has no other result.
func (m Method) ReturnsOnlyError() bool {
	return m.fn.Type().NumOut() == 1 && m.fn.Type().Out(0) == errorType
}

// ReturnsList reports whether the method returns the items of a list to range over.
func (m Method) ReturnsList() bool {
	out := m.fn.Type().Out(0)
	return out.Kind() == reflect.Func && out.CanSeq2()
}

// ReturnsSlice reports whether the method returns a whole list at once.
func (m Method) ReturnsSlice() bool { return m.fn.Type().Out(0).Kind() == reflect.Slice }

// Call calls the method with that id for every id, and other arguments that make
// it send a request. It returns the method's error, or the last one of a range.
func (m Method) Call(ctx context.Context, id int64) error {
	_, err := m.call(ctx, func(arg reflect.Value) { fill(arg, func(string) int64 { return id }) })
	return err
}

// CallWithInvalidID is Call with that id in place of the n-th of [Method.IDs].
func (m Method) CallWithInvalidID(ctx context.Context, n int, id int64) error {
	next := -1
	_, err := m.call(ctx, func(arg reflect.Value) {
		fill(arg, func(string) int64 {
			if next++; next == n {
				return id
			}
			return 7
		})
	})
	return err
}

// CallWith calls the method with the id 7 and with parameters that have only these
// fields.
func (m Method) CallWith(ctx context.Context, fields map[string]any) error {
	_, err := m.call(ctx, func(arg reflect.Value) {
		identify(arg)
		for name, value := range fields {
			if arg.Kind() == reflect.Struct {
				arg.FieldByName(name).Set(reflect.ValueOf(value))
			}
		}
	})
	return err
}

// Count calls a method that returns a list, and returns the number of items before
// the first error, and that error.
func (m Method) Count(ctx context.Context) (items int, err error) {
	return m.call(ctx, identify)
}

// identify sets an argument that identifies a resource.
func identify(arg reflect.Value) {
	switch {
	case arg.Kind() == reflect.Int64:
		arg.SetInt(7)
	case arg.Type() == contactRefType:
		arg.Set(reflect.ValueOf(funnel.ContactID(7)))
	}
}

func (m Method) call(ctx context.Context, set func(arg reflect.Value)) (items int, err error) {
	var args []reflect.Value
	for _, in := range m.arguments() {
		arg := reflect.New(in).Elem()
		switch {
		case in != contextType:
			set(arg)
		case ctx != nil:
			arg.Set(reflect.ValueOf(ctx))
		}
		args = append(args, arg)
	}
	call := m.fn.Call
	if m.fn.Type().IsVariadic() {
		call = m.fn.CallSlice
	}
	results := call(args)
	last := results[len(results)-1]
	switch {
	case m.ReturnsList():
		for _, second := range last.Seq2() {
			if err, _ = second.Interface().(error); err == nil {
				items++
			}
		}
	case last.Kind() == reflect.Func: // the results of a bulk job
		for result := range last.Seq() {
			err, _ = result.FieldByName("Err").Interface().(error)
		}
	default:
		err, _ = last.Interface().(error)
		if m.ReturnsSlice() {
			items = results[0].Len()
		}
	}
	return items, err
}

// fill makes v a valid argument. It asks id for each id, by its name.
func fill(v reflect.Value, id func(name string) int64) {
	switch {
	case v.Type() == contactRefType:
		v.Set(reflect.ValueOf(funnel.ContactID(id("contact_id"))))
	case v.Type() == periodType:
		v.SetString(string(funnel.PeriodBetween)) // its range is filled too
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Now()))
	case v.Kind() == reflect.Int64:
		v.SetInt(id(idName(v.Type())))
	case v.Kind() == reflect.Int:
		v.SetInt(1)
	case v.Kind() == reflect.String:
		v.SetString("https://example.com/x")
	case v.Kind() == reflect.Pointer: // to a field of an update
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), id)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), id)
		}
	case v.Kind() == reflect.Func: // a sequence of one item
		item := reflect.New(v.Type().In(0).In(0)).Elem()
		fill(item, id)
		v.Set(reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
			args[0].Call([]reflect.Value{item})
			return nil
		}))
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), func(name string) int64 { return id(name + "s") })
	}
}

var upper = regexp.MustCompile(`(.)([A-Z])`)

// idName returns "custom_field_id" for the type CustomFieldID, which is
// ID[CustomField].
func idName(id reflect.Type) string {
	resource := id.Name()[strings.LastIndex(id.Name(), ".")+1:]
	return strings.ToLower(upper.ReplaceAllString(strings.TrimSuffix(resource, "]"), "${1}_$2")) + "_id"
}
