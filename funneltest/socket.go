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

// Handler returns the server as an [http.Handler], for a listener or a mux of
// the caller's own.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.handle) }

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	if s.closed.Load() {
		hangUp(w)
		return
	}
	body, err := readBody(r.Body, r.ContentLength)
	if err != nil {
		hangUp(w)
		return
	}
	answer, err := s.exchange(r, body)
	if err != nil || answer.lost {
		hangUp(w)
		return
	}
	maps.Copy(w.Header(), answer.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.WriteHeader(answer.status)
	if answer.cut {
		// net/http closes the connection of an answer shorter than declared.
		answer.body = answer.body[:len(answer.body)/2]
	}
	_, _ = w.Write(answer.body) // nobody is left to tell
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // what is left to a handler, under HTTP/2 for one
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = conn.Close()
}

// URL returns the server's base URL on a loopback socket, which the first call
// opens. It serves programs that are to be tested as they are, over a real
// connection. It panics if the machine has no loopback port to give, and after
// Close.
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
	// A connection accepted while the first Close went on is caught now.
	_ = s.server.Close()
	s.conns.Wait()
}
