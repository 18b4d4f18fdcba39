package bench

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The API that the SDK is for, and its contacts as clients without types of their
// own decode them.

const contactURL = "https://api.example.com/v1/contact?contact_id=1"

type contact struct {
	ID             int64     `json:"id"`
	Email          string    `json:"email"`
	FirstName      string    `json:"first_name"`
	LastName       string    `json:"last_name"`
	EmailMarketing bool      `json:"email_marketing"`
	GDPR           bool      `json:"gdpr"`
	Tags           []int64   `json:"tags"`
	Sequences      []int64   `json:"sequences"`
	CreatedAt      time.Time `json:"created_at"`
}

type contactResponse struct {
	Success bool    `json:"success"`
	Data    contact `json:"data"`
}

type contactsResponse struct {
	Success bool      `json:"success"`
	Data    []contact `json:"data"`
	Meta    struct {
		LastPage int `json:"last_page"`
	} `json:"meta"`
}

func contactAPI() api {
	return api{
		one:    `{"success":true,"data":` + contactJSON(1) + `}`,
		list:   "/contacts",
		number: pageNumber,
		page: func(n, of int, _ http.Header) string {
			return fmt.Sprintf(`{"success":true,"data":[%s],"meta":{"current_page":%d,"per_page":%d,"last_page":%d,"total":%d}}`,
				pageOf(n, contactJSON), n, perPage, of, of*perPage)
		},
		rejected: func(http.Header) string { return `{"message":"Too Many Attempts."}` },
		broken:   `{"success":false,"error":{"code":"SERVER_ERROR","message":"Something went wrong."}}`,
	}
}

func contactJSON(id int) string {
	return fmt.Sprintf(`{"id":%d,"email":"ada%d@example.com","first_name":"Ada","last_name":"Lovelace",`+
		`"email_marketing":true,"gdpr":true,"tags":[1,2],"sequences":[7],`+
		`"created_at":"2026-11-22T09:30:00.000000Z"}`, id, id)
}

// pageNumber reads the usual parameter, which may be missing for the first page.
func pageNumber(query url.Values) int {
	n, _ := strconv.Atoi(query.Get("page"))
	return max(n, 1)
}

// pageOf returns the items of page n, separated as in a JSON array.
func pageOf(n int, item func(id int) string) string {
	items := make([]string, perPage)
	for i := range items {
		items[i] = item((n-1)*perPage + i + 1)
	}
	return strings.Join(items, ",")
}
