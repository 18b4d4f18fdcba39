package contracttest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/api"
	"github.com/funnel-go/funnel/contracttest"
	"github.com/funnel-go/funnel/contracttest/internal/openapi"
)

const basePath = "/v1"

var loadOnce = sync.OnceValues(func() (*contracttest.Contract, error) { return contracttest.Load(api.OpenAPI()) })

func load(t testing.TB) *contracttest.Contract {
	t.Helper()
	contract, err := loadOnce()
	require.NoError(t, err)
	return contract
}

func document(t testing.TB) *openapi.Document { return load(t).Document() }

// reply is a server with one response to everything. It keeps the last request.
type reply struct {
	status int
	header http.Header // nil: that of JSON
	body   string

	method, path, query, sent string
}

func (r *reply) RoundTrip(request *http.Request) (*http.Response, error) {
	r.method, r.path, r.query = request.Method, strings.TrimPrefix(request.URL.Path, basePath), request.URL.RawQuery
	if request.Body != nil {
		sent, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		r.sent = string(sent)
	}
	header := r.header.Clone()
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}}
	}
	return &http.Response{StatusCode: r.status, Header: header, Body: io.NopCloser(strings.NewReader(r.body)), Request: request}, nil
}

// connect returns a client of a server.
func connect(t testing.TB, server http.RoundTripper) *funnel.Client {
	t.Helper()
	client, err := funnel.New("key", funnel.WithBaseURL("https://funnel.test"+basePath), funnel.WithHTTPClient(&http.Client{Transport: server}))
	require.NoError(t, err)
	return client
}

// invoke calls a method of the SDK, such as "Contacts.Get", and returns its first
// result, or nil if it returns only an error.
func invoke(ctx context.Context, client *funnel.Client, name string, args ...any) (any, error) {
	service, method, _ := strings.Cut(name, ".")
	in := []reflect.Value{reflect.ValueOf(ctx)}
	for _, arg := range args {
		in = append(in, reflect.ValueOf(arg))
	}
	out := reflect.ValueOf(client).Elem().FieldByName(service).MethodByName(method).Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	if _, onlyError := out[0].Interface().(error); onlyError || len(out) == 1 && out[0].Kind() == reflect.Interface {
		return nil, err
	}
	return out[0].Interface(), err
}

// A collector keeps the failures of assertions.
type collector struct{ bytes.Buffer }

// Errorf implements [assert.TestingT].
func (c *collector) Errorf(format string, args ...any) {
	_, _ = io.WriteString(c, strings.TrimSpace(fmt.Sprintf(format, args...))+"\n")
}
