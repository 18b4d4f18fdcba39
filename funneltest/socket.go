package funneltest

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Handler returns the server as an [http.Handler], for a listener or mux of the
// caller.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.handle) }

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	if s.closed.Load() {
		dropConnection(w)
		return
	}
	body, err := readBody(r.Body, r.ContentLength)
	if err != nil {
		dropConnection(w)
		return
	}
	resp, err := s.exchange(r, body)
	if err != nil || resp.dropped {
		dropConnection(w)
		return
	}
	maps.Copy(w.Header(), resp.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(resp.body)))
	w.WriteHeader(resp.status)
	if resp.truncated {
		// net/http closes the connection if the body is shorter than declared.
		resp.body = resp.body[:len(resp.body)/2]
	}
	_, _ = w.Write(resp.body) // the client is gone: there is nobody to report it to
}

// dropConnection closes the connection without a response.
func dropConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, for one, cannot hijack
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset instead of an orderly end
	}
	_ = conn.Close()
}

// URL returns the server's base URL on a loopback socket, which the first call
// opens. It serves programs that are tested from outside. It panics if no
// loopback port can be opened, and after Close.
func (s *Server) URL() string {
	return "http://" + s.socket.open(s.Handler()) + s.cfg.basePath
}

// socket is a loopback listener with its connections.
type socket struct {
	mu     sync.Mutex
	closed bool
	server *http.Server
	addr   string

	serving sync.WaitGroup // the accepting goroutine
	conns   sync.WaitGroup // one goroutine for each connection
}

// open returns the listener's address.
func (s *socket) open(h http.Handler) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic("funneltest: URL called on a closed server")
	}
	if s.server != nil {
		return s.addr
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("funneltest: %v", err))
	}
	s.addr = listener.Addr().String()
	s.server = &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.conns.Done()
			}
		},
	}
	s.serving.Go(func() { _ = s.server.Serve(listener) }) // ends with close
	return s.addr
}

// close ends the listener and all connections and waits for their goroutines.
func (s *socket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.server == nil {
		return
	}
	_ = s.server.Close()
	s.serving.Wait()
	// A connection may have been accepted during the first Close.
	_ = s.server.Close()
	s.conns.Wait()
}
