package main

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/funneltest"
)

func TestQuickstart_Output(t *testing.T) {
	t.Setenv("FUNNEL_API_KEY", "not used")
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		require.NoError(t, run(t.Context(), &out, false))
		require.Equal(t, `rejected: "two@@example.com": email: The email must be a valid email address.
rejected: "": email: The email is required.
rejected: "missing-domain@": email: The email must be a valid email address.
rejected: "@example.com": email: The email must be a valid email address.
rejected: "nobody": email: The email must be a valid email address.
rejected: "spaces in@example.com": email: The email must be a valid email address.
240 contacts: 226 created, 8 updated (repeated addresses), 6 failed
custom field Plan: set for 30 contacts
tag vip: 32 contacts
`, out.String())
	})
}

func TestQuickstart_AccountWithoutCustomField(t *testing.T) {
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	t.Setenv("FUNNEL_BASE_URL", server.URL())
	t.Setenv("FUNNEL_API_KEY", server.APIKey())
	err := run(t.Context(), io.Discard, true)
	require.ErrorIs(t, err, funnel.ErrNotFound)
	require.ErrorContains(t, err, "add a custom field named Plan in the dashboard first")
	require.Zero(t, server.Counts()["tags"])
}

func TestQuickstart_APIRefuses(t *testing.T) {
	server := funneltest.NewServer()
	t.Cleanup(server.Close)
	server.AddCustomField(funneltest.CustomField{Name: "plan"})
	server.Fail(funneltest.Fault{Path: "/contact", Code: funnel.ErrForbidden, Times: -1})
	t.Setenv("FUNNEL_BASE_URL", server.URL())
	t.Setenv("FUNNEL_API_KEY", server.APIKey())
	require.ErrorIs(t, run(t.Context(), io.Discard, true), funnel.ErrForbidden)
	require.Zero(t, server.Counts()["contacts"])
}
