package funneltest

import "net/http"

// An account holds everything that the API stores. Each resource is registered
// here, with a field and a line in newAccount; the rest of it is in its own
// file.
type account struct {
	subdomain string // empty: none is configured

	contacts      resource[contact, *contact]
	customFields  resource[customField, *customField]
	tags          resource[tag, *tag]
	sequences     resource[sequence, *sequence]
	stages        resource[stage, *stage]
	funnels       resource[funnelRow, *funnelRow]
	steps         resource[step, *step]
	campaigns     resource[campaign, *campaign]
	webhooks      resource[webhook, *webhook]
	orders        resource[order, *order]
	transactions  resource[transaction, *transaction]
	subscriptions resource[subscription, *subscription]

	stores []store
	routes []route

	due stamp // when the next scheduled campaign is sent; zero: none is scheduled
}

func newAccount(subdomain string) *account {
	a := &account{subdomain: subdomain}
	register(a, &a.contacts, contactResource())
	register(a, &a.customFields, customFieldResource())
	register(a, &a.tags, tagResource())
	register(a, &a.sequences, sequenceResource())
	register(a, &a.stages, stageResource())
	register(a, &a.funnels, funnelResource())
	register(a, &a.steps, stepResource())
	register(a, &a.campaigns, campaignResource())
	register(a, &a.webhooks, webhookResource())
	register(a, &a.orders, orderResource())
	register(a, &a.transactions, transactionResource())
	register(a, &a.subscriptions, subscriptionResource())
	return a
}

// register stores a resource in its field of the account and adds its routes.
func register[T any, P record[T]](a *account, field *resource[T, P], r resource[T, P]) {
	*field = r
	a.stores = append(a.stores, field)
	a.routes = append(a.routes, r.routes(field)...)
}

// A store is the part of a resource that snapshots and counts use.
type store interface {
	label() string
	count() int
	encode() any                  // to be marshalled
	UnmarshalJSON(b []byte) error // reads the rows of a snapshot
	settle(a *account) error      // checks them against the other resources
}

// A route is one operation of the API.
type route struct {
	method, path string
	status       int // on success
	handle       handler
}

func get(path string, h handler) route    { return route{http.MethodGet, path, http.StatusOK, h} }
func post(path string, h handler) route   { return route{http.MethodPost, path, http.StatusOK, h} }
func create(path string, h handler) route { return route{http.MethodPost, path, http.StatusCreated, h} }
func put(path string, h handler) route    { return route{http.MethodPut, path, http.StatusOK, h} }
func del(path string, h handler) route    { return route{http.MethodDelete, path, http.StatusOK, h} }

// A handler carries out one operation and returns the data of its response;
// nil data means that the response has none. It checks everything before it
// changes anything, so that an error leaves the account unchanged.
type handler func(c *call) (data any, err *apiError)

// A call is one request that is being carried out. It holds the server's lock.
type call struct {
	*account
	now  stamp
	in   input
	meta *meta // of a paged list
}
