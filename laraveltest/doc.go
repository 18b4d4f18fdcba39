// Package laraveltest serves the API with a real Laravel application, because
// the vendor's API runs on Laravel. The application in the folder api follows
// the same contract as the fake (package funneltest): what one code does against
// both must have the same result.
//
//	server := laraveltest.Start(t)
//	client, err := funnel.New(server.APIKey, funnel.WithBaseURL(server.URL))
//
// Laravel, PHP, nginx and Redis come from Debian's packages; server.sh installs
// and runs them. Where they are not installed, Start skips the test, or fails it
// if the environment variable CI is true.
package laraveltest
