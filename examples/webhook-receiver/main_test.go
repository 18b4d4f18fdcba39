package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/funnel-go/funnel/funneltest"
)

const body = `{"event":"order.paid","data":{"id":7}}`

const printed = `type "order.paid", 38 bytes, signed in Signature, hash 721c`

func env(vars ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(vars); i += 2 {
			if vars[i] == name {
				return vars[i+1]
			}
		}
		return ""
	}
}

func delivery(target, secret string) *http.Request {
	return funneltest.NewDelivery(target, secret, []byte(body))
}

func TestHandler_AcceptsSecretsOfEnvironment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, target, secret string
		vars                 []string
		status               int
	}{
		{"the secret", path, "new", []string{"FUNNEL_WEBHOOK_SECRET", "new"}, 204},
		{"the secret during a rotation", path, "new", []string{"FUNNEL_WEBHOOK_SECRET", "new", "FUNNEL_WEBHOOK_OLD_SECRET", "old"}, 204},
		{"the old secret during a rotation", path, "old", []string{"FUNNEL_WEBHOOK_SECRET", "new", "FUNNEL_WEBHOOK_OLD_SECRET", "old"}, 204},
		{"the old secret after it", path, "old", []string{"FUNNEL_WEBHOOK_SECRET", "new"}, 401},
		{"the empty secret", path, "", []string{"FUNNEL_WEBHOOK_SECRET", "new", "FUNNEL_WEBHOOK_OLD_SECRET", ""}, 401},
		{"another path", "/", "new", []string{"FUNNEL_WEBHOOK_SECRET", "new"}, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, logged strings.Builder
			handler, err := newHandler(env(tt.vars...), newPrinter(&out, false), log.New(&logged, "", 0))
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, delivery(tt.target, tt.secret))
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if accepted := strings.HasPrefix(out.String(), printed); accepted != (tt.status == 204) {
				t.Errorf("printed %q", out.String())
			}
			if refused := strings.HasPrefix(logged.String(), "delivery with status 401: "); refused != (tt.status == 401) {
				t.Errorf("logged %q", logged.String())
			}
		})
	}
}

func TestRun_RefusesMissingSecret(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), nil, env("FUNNEL_WEBHOOK_OLD_SECRET", "old"), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "FUNNEL_WEBHOOK_SECRET is not set") {
		t.Errorf("got %v", err)
	}
	err = run(t.Context(), nil, env("FUNNEL_WEBHOOK_SECRET", " "), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "secret is empty") {
		t.Errorf("got %v", err)
	}
}

func TestRun_Help(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	if err := run(t.Context(), []string{"-h"}, env(), io.Discard, &stderr); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(stderr.String(), "-addr") {
		t.Errorf("printed %s", stderr.String())
	}
}

func TestPrinter_PrintsBodyOnRequest(t *testing.T) {
	t.Parallel()
	for _, want := range []bool{false, true} {
		var out strings.Builder
		handler, err := newHandler(env("FUNNEL_WEBHOOK_SECRET", "new"), newPrinter(&out, want), log.Default())
		if err != nil {
			t.Fatal(err)
		}
		handler.ServeHTTP(httptest.NewRecorder(), delivery(path, "new"))
		if got := strings.Contains(out.String(), fmt.Sprintf("%q", body)); got != want {
			t.Errorf("-body=%t printed %s", want, out.String())
		}
	}
}

// The whole program, over the loopback interface.
func TestRun_ReceivesDeliveries(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var stdout strings.Builder
	stderr, toStderr := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0"}, env("FUNNEL_WEBHOOK_SECRET", "new"), &stdout, toStderr)
	}()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://\S+`).FindString(line)
	resp, err := http.DefaultClient.Do(delivery(url, "new").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Errorf("status %d", resp.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if !strings.HasPrefix(stdout.String(), printed) {
		t.Errorf("printed %q", stdout.String())
	}
}

// A pipeListener accepts connections in memory.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// A delivery in progress is finished, if it does not take too long.
func TestServe_ShutsDownGracefully(t *testing.T) {
	tests := []struct {
		name     string
		takes    time.Duration
		finished bool
	}{
		{"a short delivery", shutdownTimeout - time.Second, true},
		{"a long delivery", shutdownTimeout + time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				listener := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
				handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					stop()
					timer := time.NewTimer(tt.takes)
					defer timer.Stop()
					select {
					case <-timer.C:
						w.WriteHeader(http.StatusNoContent)
					case <-r.Context().Done(): // the connection is closed
					}
				})
				ended := make(chan error, 1)
				go func() { ended <- serve(ctx, listener, handler) }()

				ours, theirs := net.Pipe()
				defer ours.Close()
				listener.conns <- theirs
				if _, err := io.WriteString(ours, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				response, err := io.ReadAll(ours)
				if err != nil {
					t.Fatal(err)
				}
				if finished := strings.HasPrefix(string(response), "HTTP/1.1 204 "); finished != tt.finished {
					t.Errorf("response %q", response)
				}
				if err := <-ended; (err == nil) != tt.finished {
					t.Errorf("serve: %v", err)
				}
			})
		})
	}
}

// A sender that stops in the middle of the body loses the connection.
func TestServe_EndsSlowDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		handler, err := newHandler(env("FUNNEL_WEBHOOK_SECRET", "new"), newPrinter(io.Discard, false), log.New(io.Discard, "", 0))
		if err != nil {
			t.Fatal(err)
		}
		listener := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- serve(ctx, listener, handler) }()
		ours, theirs := net.Pipe()
		defer ours.Close()
		listener.conns <- theirs
		start := time.Now()
		if _, err := fmt.Fprintf(ours, "POST %s HTTP/1.1\r\nHost: x\r\nSignature: %064d\r\nContent-Length: 100\r\n\r\nhalf", path, 0); err != nil {
			t.Fatal(err)
		}
		response, err := io.ReadAll(ours)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(response), "HTTP/1.1 408 ") {
			t.Errorf("response %q", response)
		}
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("took %s", took)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}
