// Package demo connects the examples to an account.
package demo

import (
	"fmt"
	"io"
	"os"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// Connect returns a client for the account of FUNNEL_API_KEY. If that is not
// set, it starts an in-memory API with an account that setUp can fill, and
// writes a notice to stderr. The caller must call stop when it is done.
func Connect(stderr io.Writer, setUp func(*funneltest.Server)) (client *funnel.Client, stop func(), err error) {
	if Configured() {
		client, err = funnel.NewFromEnv()
		return client, func() {}, err
	}
	fmt.Fprintln(stderr, "FUNNEL_API_KEY is not set: using an in-memory API.")
	server := funneltest.NewServer()
	setUp(server)
	return server.Client(), server.Close, nil
}

// Configured reports whether the environment names an account.
func Configured() bool { return os.Getenv("FUNNEL_API_KEY") != "" }
