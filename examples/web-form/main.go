// Web-form serves a sign-up form that creates contacts, and receives webhooks.
//
// Without configuration it uses an in-memory API. To use your account, set
// FUNNEL_API_KEY, and FUNNEL_WEBHOOK_SECRET to the secret of a webhook that you
// have created for the path /webhooks.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/funnel-go/funnel"
	"github.com/funnel-go/funnel/examples/internal/demo"
	"github.com/funnel-go/funnel/funneltest"
)

func main() {
	client, stop, err := demo.Connect(os.Stderr, func(*funneltest.Server) {})
	if err != nil {
		log.Fatal(err)
	}
	defer stop()
	secret := os.Getenv("FUNNEL_WEBHOOK_SECRET")
	if !demo.Configured() {
		secret = rand.Text() // nobody sends webhooks to the demo
	} else if secret == "" {
		log.Fatal("set FUNNEL_WEBHOOK_SECRET to the secret of your webhook")
	}
	handler, err := newHandler(client, secret)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "127.0.0.1:8081", Handler: handler, ReadTimeout: 10 * time.Second}
	log.Print("open http://127.0.0.1:8081")
	log.Fatal(server.ListenAndServe())
}

func newHandler(client *funnel.Client, secret string) (http.Handler, error) {
	webhooks, err := funnel.NewWebhookHandler(secret, func(_ context.Context, event *funnel.Event) error {
		slog.Info("webhook", "type", event.Type, "body_hash", event.BodyHash)
		return nil
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, http.StatusOK, page{}) })
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) { signUp(w, r, client) })
	mux.Handle("/webhooks", webhooks)
	return mux, nil
}

// signUp creates a contact. It does not use Upsert: otherwise anyone could change
// the contact of somebody else. For the same reason an existing contact gets the
// same response as a new one.
func signUp(w http.ResponseWriter, r *http.Request, client *funnel.Client) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	p := page{Email: r.PostFormValue("email"), FirstName: r.PostFormValue("first_name")}
	_, err := client.Contacts.Create(ctx, funnel.ContactCreateParams{
		Email:          p.Email,
		FirstName:      p.FirstName,
		EmailMarketing: funnel.Ptr(r.PostFormValue("newsletter") != ""),
	})
	p.Errors = funnel.FieldErrors(err)
	switch {
	case err == nil, errors.Is(err, funnel.ErrContactExists):
		p.Message = "Thank you for signing up."
		show(w, http.StatusOK, p)
	case p.Errors != nil: // an empty or malformed address
		show(w, http.StatusUnprocessableEntity, p)
	default:
		slog.Error("sign-up failed", "error", err) // without personal data
		p.Message = "We could not sign you up. Please submit the form once more in a minute."
		show(w, http.StatusServiceUnavailable, p)
	}
}

// A page is what the form shows.
type page struct {
	Email, FirstName, Message string
	Errors                    map[string][]string // by field
}

var form = template.Must(template.New("form").Parse(`<!DOCTYPE html>
<title>Newsletter</title>
{{with .Message}}<p>{{.}}</p>{{end}}
<form method="post">
<p><label>E-mail <input name="email" value="{{.Email}}"></label> {{range .Errors.email}}<strong>{{.}}</strong>{{end}}
<p><label>First name <input name="first_name" value="{{.FirstName}}"></label> {{range .Errors.first_name}}<strong>{{.}}</strong>{{end}}
<p><label><input type="checkbox" name="newsletter"> Send me the newsletter</label>
<p><button>Sign up</button>
</form>
`))

func show(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = form.Execute(w, p) // it fails only if the browser is gone
}
