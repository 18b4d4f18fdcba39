package funneltest

import "errors"

// errReset is what a client sees if the server resets the connection. Plan 9 has
// no number for it.
var errReset = errors.New("connection reset by peer")
