package funneltest

import (
	"net/http"

	"github.com/funnel-go/funnel"
)

// memoryURL is the base URL in memory. Its host cannot exist, so that a client
// that lost the server's transport fails instead of reaching somebody.
const memoryURL = "https://funnel.test"

// Client returns an SDK client of the server, in memory: no socket, no
// goroutine of the server's, so that it works in virtual time
// (testing/synctest). The options come after the server's own. It panics where
// [funnel.New] refuses them.
func (s *Server) Client(opts ...funnel.Option) *funnel.Client {
	own := funnel.WithHTTPClient(&http.Client{Transport: s.Transport()})
	client, err := funnel.New(memoryURL+s.cfg.basePath, s.APIKey(), append([]funnel.Option{own}, opts...)...)
	if err != nil {
		panic("funneltest: " + err.Error())
	}
	return client
}
