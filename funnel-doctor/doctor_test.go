package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// The fake passes completely: each operation of the contract is as expected, and
// what the doctor created is gone.
func TestDoctor_FakePasses(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]settings{"reads": {}, "writes": all} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			before := server.Counts()
			d := examined(t, server.Transport(), s)
			require.Empty(t, differences(d.report))
			require.Empty(t, d.left)
			require.True(t, d.report.Holds && d.report.Complete)
			require.Equal(t, before, server.Counts())
			requirePrivate(t, printed(t, d))

			tested := map[string]bool{}
			for _, r := range d.report.Results {
				tested[r.Operation] = true
				if r.Outcome == untestable {
					require.Equal(t, needsCampaign, r.Note, r.Operation)
				}
			}
			// A new resource may have no check yet. One that has some has all.
			checked := map[string]bool{}
			for name := range tested {
				if op := d.contract.operations[name]; op != nil {
					checked[op.service] = true
				}
			}
			require.GreaterOrEqual(t, len(checked), 10)
			for name, op := range d.contract.operations {
				if checked[op.service] {
					require.Equal(t, s.write || op.method == http.MethodGet, tested[name], name)
				}
			}
			states := map[string]string{}
			for _, v := range d.report.Assumptions {
				states[v.Name] = v.State
			}
			want := map[string]string{}
			for n := 1; n <= 13; n++ {
				want[fmt.Sprint("B", n)] = "not tested"
				isRead := slices.Contains([]int{4, 7, 10, 11}, n)
				if isRead || s.write && n != 8 && n != 13 {
					want[fmt.Sprint("B", n)] = "confirmed"
				}
			}
			require.Equal(t, want, states)
		})
	}
}

// Without -write nothing but GET is sent.
func TestDoctor_ReadsOnly(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	d := examined(t, server.Transport(), settings{})
	requests := server.Requests()
	require.Len(t, requests, d.report.Requests)
	require.InDelta(t, 30, len(requests), 5)
	for _, r := range requests {
		require.Equal(t, http.MethodGet, r.Method)
	}
}

// What an account does not have is not tested, and nothing is wrong with it.
func TestDoctor_EmptyAccount(t *testing.T) {
	t.Parallel()
	server := funneltest.NewServer(funneltest.WithAPIKey(accountKey), funneltest.WithBasePath("/v1"), funneltest.WithoutSubdomain())
	defer server.Close()
	d := examined(t, server.Transport(), settings{write: true})
	require.Empty(t, differences(d.report))
	require.True(t, d.report.Holds)
	notes := map[string]string{}
	for _, r := range d.report.Results {
		if r.Outcome == untestable {
			notes[r.Operation] = r.Note
		}
	}
	require.Equal(t, "the list is empty", notes["GET /contacts"])
	require.Equal(t, "no order to test with", notes["GET /order"])
	require.Equal(t, "NO_SUBDOMAIN", notes["POST /funnel"])
	require.Equal(t, "needs -webhook", notes["POST /webhook"])
}

// A run that is interrupted at any request leaves nothing behind.
func TestDoctor_InterruptedAnywhere(t *testing.T) {
	t.Parallel()
	reads := examined(t, newServer(t).Transport(), settings{}).report.Requests
	whole := examined(t, newServer(t).Transport(), all).report.Requests
	for n := 1; n <= whole; n++ {
		if 2 < n && n < reads-2 {
			continue // before the first POST nothing can be left
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := newServer(t)
			before := server.Counts()
			sent := 0
			d := newDoctor(connect(t, &deviant{server: server.Transport(), response: func(*message) {
				if sent++; sent == n {
					cancel()
				}
			}}), loaded(t), all)
			require.NoError(t, d.examine(ctx))
			require.Empty(t, d.left)
			require.Equal(t, before, server.Counts())
			require.False(t, d.report.Complete)
			require.Empty(t, differences(d.report))
		})
	}
}

// Without a response to a creation, or with a DELETE that fails, the user is told
// what may be left.
func TestDoctor_NamesWhatIsLeft(t *testing.T) {
	t.Parallel()
	fails := func(m *message) { m.status, m.text = http.StatusServiceUnavailable, "zqx" }
	for _, tt := range []struct {
		name      string
		operation string
		want      string
	}{
		{"a DELETE that fails", "DELETE /funnel", `^funnel \d+$`},
		{"a creation without a response", "POST /sequence", `^the sequence "funnel-doctor-[a-z0-9]+"$`},
		{"the first tag", "DELETE /tag", `^tag \d+$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			var stdout, stderr bytes.Buffer
			client := connect(t, &deviant{server: server.Transport(), response: on(fails, tt.operation)})
			code, err := execute(t.Context(), client, all, &stdout, &stderr)
			require.NoError(t, err)
			require.Equal(t, exitIncomplete, code)
			lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
			require.Len(t, lines, 2)
			require.Regexp(t, tt.want, strings.TrimSpace(lines[1]))
			require.LessOrEqual(t, len(server.Requests()), maxRequests)
			requirePrivate(t, stdout.String())
		})
	}
}

// A contact whose creation got no response is deleted by its e-mail address.
func TestDoctor_DeletesContactWithoutID(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	before := server.Counts()
	d := examined(t, &deviant{server: server.Transport(), response: each(func(n node) { delete(n, "id") }, "POST /contact")}, all)
	require.Equal(t, []string{"POST /contact: data.id: expected integer ≥ 1, found nothing"}, differences(d.report))
	require.Empty(t, d.left)
	require.Equal(t, before, server.Counts())
}

// If nobody knows whether the contact was created, it is no mistake of the API that
// it cannot be deleted.
func TestDoctor_ContactThatMayNotExist(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	d := examined(t, &deviant{
		server:   server.Transport(),
		request:  on(func(m *message) { m.operation, m.body = "GET /tags", nil }, "POST /contact"),
		response: on(func(m *message) { m.status, m.text = http.StatusServiceUnavailable, "down" }, "POST /contact"),
	}, all)
	require.Equal(t, []string{"POST /contact: status 503"}, differences(d.report))
	require.Empty(t, d.left)
}

// A key without access to a resource is documented.
func TestDoctor_KeyWithoutAccess(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Fail(funneltest.Fault{Code: funnel.ErrForbidden, Path: "/funnels"})
	d := examined(t, server.Transport(), settings{})
	require.True(t, d.report.Holds)
	require.Equal(t, []string{"GET /funnels: the API key has no access"}, differences(d.report))
}

// None of these servers gets a value of the account into an output.
func TestPrivacy_HostileServers(t *testing.T) {
	t.Parallel()
	everything := func(m *message) { m.text = fmt.Sprint(m.body) }
	for name, response := range map[string]func(*message){
		"bodies that are not JSON": everything,
		"errors that quote": func(m *message) {
			m.body = node{"success": false, "error": node{"code": "ZQX_" + strings.ToUpper(fmt.Sprint(m.body)), "message": fmt.Sprint(m.body), "details": node{"zqx@zqx.example": []any{"zqx"}, "zqx": 7369}}}
			m.status = 422
		},
		"headers that quote": func(m *message) {
			m.header.Set("Content-Type", "zqx/7369")
			m.header.Set("X-RateLimit-Limit", "zqx")
			m.header.Set("X-Zqx-RateLimit-Remaining", "7369")
			m.header.Del("X-RateLimit-Remaining")
		},
		"names of custom fields as names of fields": func(m *message) {
			if !strings.HasPrefix(m.operation, "GET /contact") {
				return // the names are values there
			}
			m.items(func(n node) {
				delete(n, "email")
				n["zqx_shoe_size"], n["zqxvip"], n["Zqx Plan"], n["zqx.one@zqx.example"], n["zqx7369"] = "zqx", 1, 2, 3, 4
			})
		},
		"other names in each item": func(m *message) {
			if list, _ := below(m.body)["data"].([]any); len(list) < 2 {
				return // nobody knows whether the name is that of a field
			}
			m.items(func(n node) {
				id := fmt.Sprint(n["id"])
				delete(n, "id")
				n["zqx_"+strings.Map(func(r rune) rune { return 'a' + r - '0' }, id)] = 1
			})
		},
		"lists by name": func(m *message) {
			keyed := node{}
			m.items(func(n node) { keyed[fmt.Sprint(n["email"], n["name"])] = n })
			m.body = node{"success": true, "data": keyed, "meta": node{"zqx": 7369, "total": "zqx"}}
		},
		"values of other types": func(m *message) {
			m.items(func(n node) {
				for name, value := range n {
					n[name] = node{"zqx": value}
				}
			})
		},
		"redirects": func(m *message) {
			m.status = http.StatusFound
			m.header.Set("Location", "https://zqx.example/7369")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range []settings{{}, all} {
				d := examined(t, &deviant{server: newServer(t).Transport(), response: response}, s)
				requirePrivate(t, printed(t, d))
				require.NotEmpty(t, differences(d.report))
				for _, left := range d.left {
					require.Contains(t, left, "tag ") // of the doctor
				}
			}
		})
	}
}

type failing struct{ server http.RoundTripper }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/v1/contacts" {
		return nil, &url.Error{Op: "Get", URL: "https://zqx.example/7369", Err: errors.New("zqx 2019")}
	}
	return f.server.RoundTrip(r)
}

func TestPrivacy_NoResponse(t *testing.T) {
	t.Parallel()
	d := examined(t, failing{newServer(t).Transport()}, all)
	requirePrivate(t, printed(t, d))
	found := differences(d.report)
	require.Contains(t, found, "GET /tags: no response: other")
	require.False(t, d.report.Holds)
}

func TestReport_Forms(t *testing.T) {
	t.Parallel()
	d := examined(t, &deviant{server: newServer(t).Transport(), response: each(func(n node) { rename(n, "name", "label") }, "GET /tags")}, settings{})
	var b bytes.Buffer
	require.NoError(t, d.report.printJSON(&b))
	require.Contains(t, b.String(), `{
      "operation": "GET /tags",
      "outcome": "differs",
      "differences": [
        {
          "field": "data[].name",
          "expected": "string",
          "found": "nothing",
          "instead": [
            "label"
          ],
          "change": "\"name\" in tags.go"
        }
      ]
    }`)
	b.Reset()
	require.NoError(t, d.report.printMarkdown(&b))
	require.Contains(t, b.String(), "| GET /tags |  | differs<br>data[].name: expected string, found nothing (unknown fields here: label)<br>correct \"name\" in tags.go |\n")
	b.Reset()
	require.NoError(t, d.report.print(&b))
	require.Contains(t, b.String(), "1 of 28 checks contradict the documentation. 0 of 28 checks were not testable.\n")
}
