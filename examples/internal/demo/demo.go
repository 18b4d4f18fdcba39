// Package demo is what the examples have in common: the API to talk to.
package demo

import (
	"os"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

// Connect returns a client for the API that FUNNEL_BASE_URL and FUNNEL_API_KEY
// name. With neither set it is one in memory. where says which; done ends it.
func Connect() (client *funnel.Client, where string, done func(), err error) {
	if os.Getenv("FUNNEL_BASE_URL") == "" && os.Getenv("FUNNEL_API_KEY") == "" {
		server := funneltest.NewServer()
		return server.Client(), "an API in memory", server.Close, nil
	}
	client, err = funnel.NewFromEnv()
	return client, os.Getenv("FUNNEL_BASE_URL"), func() {}, err
}
