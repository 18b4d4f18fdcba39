package funneltest

import (
	"crypto/rand"
	"net"
	"net/url"
	"strings"

	"github.com/funnel-go/funnel"
)

type webhook struct {
	base
	URL    string `json:"url"`
	Active bool   `json:"active"`
	Secret string `json:"secret"`
}

func webhookResource() resource[webhook, *webhook] {
	return resource[webhook, *webhook]{
		table:   table[webhook, *webhook]{unique: func(wh *webhook) string { return wh.URL }},
		name:    "Webhook",
		plural:  "webhooks",
		idField: "webhook_id",
		routes: func(webhooks *resource[webhook, *webhook]) []route {
			return []route{
				get("/webhooks", webhooks.listAll),
				create("/webhook", webhooks.create),
				del("/webhook", webhooks.delete),
			}
		},
		item:     webhookItemOf,
		fill:     fillWebhook,
		conflict: codeWebhookExists,
		created:  webhookCreatedOf,
		restored: restoredWebhook,
	}
}

type webhookItem struct {
	ID        int64  `json:"id"`
	URL       string `json:"url"`
	Active    bool   `json:"active"`
	CreatedAt stamp  `json:"created_at"`
}

func webhookItemOf(_ *call, wh *webhook) any {
	return webhookItem{ID: wh.ID, URL: wh.URL, Active: wh.Active, CreatedAt: wh.CreatedAt}
}

// webhookCreated is the only response that shows the secret.
type webhookCreated struct {
	ID     int64  `json:"id"`
	URL    string `json:"url"`
	Active bool   `json:"active"`
	Secret string `json:"secret"`
}

func webhookCreatedOf(_ *call, wh *webhook) any {
	return webhookCreated{ID: wh.ID, URL: wh.URL, Active: wh.Active, Secret: wh.Secret}
}

func fillWebhook(c *call, wh *webhook) {
	c.in.text("url", &wh.URL, required, atMost(2048), webhookURL)
	wh.Active, wh.Secret = true, newSecret()
}

// webhookURL is the rule for a webhook's URL: https, or http on this machine, so
// that a test can receive deliveries without a certificate.
func webhookURL(attribute, value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(value)) {
		return "The " + attribute + " must be a valid HTTPS URL."
	}
	return ""
}

// isLoopback accepts loopback addresses and the one name that always means
// this machine.
func isLoopback(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback()
}

// newSecret returns 32 random letters and digits, the form that the reference
// shows.
func newSecret() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	for i, b := range secret {
		secret[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(secret)
}

// restoredWebhook gives a webhook of a snapshot written by hand a secret.
func restoredWebhook(_ *account, wh *webhook) error {
	if wh.Secret == "" {
		wh.Secret = newSecret()
	}
	return nil
}

// WebhookSecret returns the secret of a webhook, which the API shows only when
// the webhook is created. It returns "" if the webhook does not exist.
func (s *Server) WebhookSecret(id funnel.WebhookID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	wh := s.account.webhooks.find(int64(id))
	if wh == nil {
		return ""
	}
	return wh.Secret
}
