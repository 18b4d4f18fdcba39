package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v3"

	"github.com/funnel-go/funnel/api"
)

// A contract compares responses with api/openapi.yaml. Whatever it says of a
// response consists of the contract's own words and the names of JSON types, so
// that no value of the account gets into a report.
type contract struct {
	root        node
	operations  map[string]*operation
	assumptions []assumption
	schemas     map[string]*jsonschema.Schema // of the body of a response, by its reference
}

// A node is an object of the contract.
type node = map[string]any

// An operation is one method of one path.
type operation struct {
	name       string // "GET /contact"
	method     string
	path       string
	service    string // of the SDK: "Contacts"
	assumption string // "" if the operation is documented
	success    int
	body       node // the request's; nil: none
	responses  node
}

// An assumption is one of B1 to B13.
type assumption struct {
	name  string
	title string // what is assumed, in a few words
	file  string // of the SDK, which marks it
}

// A difference is one way in which a response differs from the contract.
type difference struct {
	Field      string   `json:"field"`                // such as "data[].email"; also "status" and "route"
	Expected   string   `json:"expected"`             // a type, or a value of the contract
	Found      string   `json:"found"`                // a type
	Instead    []string `json:"instead,omitempty"`    // unknown fields where a field is missing
	Assumption string   `json:"assumption,omitempty"` // "": what differs is documented
	Change     string   `json:"change"`               // where the SDK is to be corrected
}

const contractURL = "https://contract.invalid/openapi.json"

func loadContract() (*contract, error) {
	var document any
	if err := yaml.Unmarshal(api.OpenAPI(), &document); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	if document, err = jsonschema.UnmarshalJSON(bytes.NewReader(encoded)); err != nil {
		return nil, err
	}
	c := &contract{root: document.(node), operations: map[string]*operation{}, schemas: map[string]*jsonschema.Schema{}}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(contractURL, document); err != nil {
		return nil, err
	}
	for name := range below(c.root, "components", "responses") {
		ref := "#/components/responses/" + name
		if c.schemas[ref], err = compiler.Compile(contractURL + ref + "/content/application~1json/schema"); err != nil {
			return nil, err
		}
	}
	for path, methods := range below(c.root, "paths") {
		for method := range methods.(node) {
			op := newOperation(strings.ToUpper(method), path, below(methods, method))
			c.operations[op.name] = op
		}
	}
	for name := range below(c.root, "x-assumptions") {
		n := below(c.root, "x-assumptions", name)
		title, _ := n["title"].(string)
		file, _ := n["marked-in"].(string)
		c.assumptions = append(c.assumptions, assumption{name, title, file})
	}
	slices.SortFunc(c.assumptions, func(a, b assumption) int { return byNumber(a.name, b.name) })
	return c, nil
}

func newOperation(method, path string, n node) *operation {
	op := &operation{
		name: method + " " + path, method: method, path: path, assumption: assumptionOf(n),
		body: below(n, "requestBody"), responses: below(n, "responses"), success: http.StatusOK,
	}
	if op.responses["201"] != nil {
		op.success = http.StatusCreated
	}
	if methods, ok := n["x-sdk"].([]any); ok {
		op.service, _, _ = strings.Cut(fmt.Sprint(methods[0]), ".")
	}
	return op
}

// byNumber compares assumptions: B9 comes before B10.
func byNumber(a, b string) int { return number(a) - number(b) }

// number returns the number of an assumption: 9 for B9.
func number(name string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "B"))
	return n
}

// below returns the object that keys lead to, or nil.
func below(from any, keys ...string) node {
	n, _ := from.(node)
	for _, key := range keys {
		n, _ = n[key].(node)
	}
	return n
}

// at returns what a JSON pointer such as "#/components/schemas/Tag" leads to.
func (c *contract) at(pointer string) node {
	var current any = c.root
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "#/"), "/") {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		switch from := current.(type) {
		case node:
			current = from[key]
		case []any:
			i, _ := strconv.Atoi(key)
			current = from[i]
		}
	}
	n, _ := current.(node)
	return n
}

// resolve returns the component that a schema or response refers to, or itself.
func (c *contract) resolve(n node) node {
	for n["$ref"] != nil {
		n = c.at(fmt.Sprint(n["$ref"]))
	}
	return n
}

func assumptionOf(n node) string {
	name, _ := n["x-assumption"].(string)
	return name
}

// fields returns the fields of the body of an operation's request.
func (c *contract) fields(op *operation) node {
	return below(c.resolve(below(op.body, "content", "application/json", "schema")), "properties")
}

// parameters returns the assumptions that an operation makes of its parameters.
func (c *contract) parameters(op *operation) []string {
	if name := assumptionOf(op.body); name != "" {
		return []string{name}
	}
	fields := c.fields(op)
	var names []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if name := assumptionOf(fields[field].(node)); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// blame returns the assumption that a rejected request makes wrong, or "" if it
// rests on none: that of the parameters which the response complains of.
func (c *contract) blame(op *operation, response envelope) string {
	if name := assumptionOf(op.body); name != "" {
		return name
	}
	names, fields := c.parameters(op), c.fields(op)
	if response.code == "VALIDATION_ERROR" {
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			n := fields[field].(node)
			_, complained := response.details[field]
			malformed := len(response.details) == 0 && n["$ref"] == "#/components/schemas/IDList" // a 400 is about these
			if name := assumptionOf(n); name != "" && (complained || malformed) {
				return name
			}
		}
	}
	if len(names) == 0 {
		return op.assumption
	}
	return names[0]
}

// confirmed returns the assumptions that a response as the contract has it
// confirms. It never confirms B6: that a time looks as expected does not say in
// which zone it is.
func (c *contract) confirmed(op *operation, status int, withParameters bool) []string {
	response := c.response(op, status)
	names := []string{assumptionOf(response)}
	if status < http.StatusMultipleChoices {
		names = append(names, op.assumption)
		if withParameters {
			names = append(names, c.parameters(op)...)
		}
	}
	c.collect(below(response, "content", "application/json", "schema"), &names)
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || name == "B6" })
	slices.SortFunc(names, byNumber)
	return slices.Compact(names)
}

func (c *contract) collect(n any, names *[]string) {
	switch n := n.(type) {
	case node:
		*names = append(*names, assumptionOf(n))
		if ref, ok := n["$ref"].(string); ok {
			c.collect(c.at(ref), names)
		}
		for _, child := range n {
			c.collect(child, names)
		}
	case []any:
		for _, child := range n {
			c.collect(child, names)
		}
	}
}

func (c *contract) response(op *operation, status int) node {
	return c.resolve(below(op.responses, strconv.Itoa(status)))
}

// An envelope is what every response of the API has, as far as it is there.
type envelope struct {
	all     any // what it is in
	data    any
	meta    node
	code    string
	details node
}

func parse(body []byte) envelope {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return envelope{}
	}
	failure := below(value, "error")
	code, _ := failure["code"].(string)
	return envelope{all: value, data: below(value)["data"], code: code, details: below(failure, "details"), meta: below(value, "meta")}
}

// knownCode returns an error code if the contract has it, so that no other text
// of the server is shown.
func (c *contract) knownCode(code string) string {
	switch {
	case code == "":
		return "no error code"
	case below(c.root, "x-error-codes")[code] == nil:
		return "another error code"
	}
	return code
}

// compare returns the differences between a response and what the contract has
// for that status.
func (c *contract) compare(op *operation, status int, header http.Header, body []byte) []difference {
	response := c.response(op, status)
	mediaType := knownMediaType(header.Get("Content-Type"))
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		found := mediaType
		if len(bytes.TrimSpace(body)) == 0 {
			found = "nothing"
		}
		return []difference{{Field: "body", Expected: "JSON", Found: found, Assumption: assumptionOf(response)}}
	}
	v := &validation{contract: c, instance: value, assumption: assumptionOf(response)}
	if mediaType != "application/json" {
		v.add(difference{Field: "header Content-Type", Expected: "application/json", Found: mediaType})
	}
	var invalid *jsonschema.ValidationError
	ref := fmt.Sprint(below(op.responses, strconv.Itoa(status))["$ref"])
	if errors.As(c.schemas[ref].Validate(value), &invalid) {
		v.walk(invalid, nil)
	}
	slices.SortStableFunc(v.found, func(a, b difference) int { return strings.Compare(a.Field, b.Field) })
	return v.found
}

// knownMediaType returns a media type if it is a usual one, so that no other text
// of the server is shown.
func knownMediaType(contentType string) string {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	switch mediaType {
	case "application/json", "application/xml", "text/html", "text/plain", "text/xml":
		return mediaType
	}
	return "another media type"
}

// A validation turns the validator's errors into differences.
type validation struct {
	contract   *contract
	instance   any
	assumption string // of the whole response
	found      []difference
}

// walk follows the errors down to those that have no cause. schemas are the parts
// of the contract on the way.
func (v *validation) walk(e *jsonschema.ValidationError, schemas []string) {
	_, pointer, _ := strings.Cut(e.SchemaURL, "#")
	schemas = append(slices.Clone(schemas), "#"+pointer)
	schema := v.contract.at("#" + pointer)
	field, value := v.locate(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		object, _ := value.(node)
		for _, name := range k.Missing {
			property := below(schema, "properties", name)
			v.add(difference{
				Field:      join(field, name),
				Expected:   v.contract.expected(property),
				Found:      "nothing",
				Instead:    instead(object, below(schema, "properties"), name),
				Assumption: v.source(append(schemas, "#"+pointer+"/properties/"+name)),
				Change:     v.contract.place(append(schemas, "#"+pointer+"/properties/"+name), name),
			})
		}
		return
	case *kind.Not: // the contract has it for the details of an error only
		v.add(difference{Field: join(field, "details"), Expected: "nothing", Found: typeOf(below(value)["details"]), Change: v.contract.place(schemas, "details")})
		return
	case *kind.Type:
		v.add(difference{
			Field: field, Expected: v.contract.expected(schema), Found: typeOf(value),
			Assumption: v.source(schemas), Change: v.contract.place(schemas, lastName(field)),
		})
		return
	}
	if len(e.Causes) == 0 {
		v.add(difference{
			Field: field, Expected: v.contract.expected(schema), Found: "another " + typeOf(value),
			Assumption: v.source(schemas), Change: v.contract.place(schemas, lastName(field)),
		})
	}
	for _, cause := range e.Causes {
		v.walk(cause, schemas)
	}
}

// add adds a difference once: the items of a list usually have the same ones. An
// unknown field that not all of them have is not the new name of another one.
func (v *validation) add(d difference) {
	if d.Assumption == "" {
		d.Assumption = v.assumption
	}
	for i, known := range v.found {
		if known.Field == d.Field && known.Expected == d.Expected && known.Found == d.Found {
			v.found[i].Instead = slices.DeleteFunc(known.Instead, func(name string) bool { return !slices.Contains(d.Instead, name) })
			return
		}
	}
	v.found = append(v.found, d)
}

// source returns the assumption that the innermost part with a source rests on, or
// "" if it is documented.
func (v *validation) source(schemas []string) string {
	for _, pointer := range slices.Backward(schemas) {
		for ; strings.Count(pointer, "/") > 2; pointer = pointer[:strings.LastIndex(pointer, "/")] {
			if n := v.contract.at(pointer); n["x-source"] != nil {
				return assumptionOf(n)
			}
		}
	}
	return ""
}

// locate returns the name of a place in the response, and the value there. Indices
// are left out, and so are names that the server may have chosen: those of the
// fields in the details of an error.
func (v *validation) locate(path []string) (field string, value any) {
	value = v.instance
	for _, key := range path {
		switch from := value.(type) {
		case []any:
			i, _ := strconv.Atoi(key)
			field, value = field+"[]", from[i]
		case node:
			value = from[key]
			if field == "error.details" {
				key = "*"
			}
			field = join(field, key)
		}
	}
	if field == "" {
		field = "body"
	}
	return field, value
}

func join(field, name string) string {
	if field == "" || field == "body" {
		return name
	}
	return field + "." + name
}

// lastName returns the name of a field without what it is in.
func lastName(field string) string {
	field = strings.TrimSuffix(field, "[]")
	return field[strings.LastIndex(field, ".")+1:]
}

// expected describes a schema.
func (c *contract) expected(schema node) string {
	schema = c.resolve(schema)
	if value, ok := schema["const"]; ok {
		return fmt.Sprint(value)
	}
	var types []string
	switch t := schema["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, name := range t {
			types = append(types, fmt.Sprint(name))
		}
	default:
		return "anything"
	}
	for i, name := range types {
		if name != "string" {
			continue
		}
		for _, keyword := range []string{"format", "pattern"} {
			if form, ok := schema[keyword]; ok {
				types[i] = fmt.Sprintf("string (%v)", form)
			}
		}
	}
	if schema["minimum"] != nil {
		types[0] = fmt.Sprintf("%s ≥ %v", types[0], schema["minimum"])
	}
	return strings.Join(types, " or ")
}

// typeOf returns the JSON type of a value.
func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	}
	return "object"
}

// instead returns the names of the unknown fields of an object in which a field is
// missing: one of them may be its new name. A name that does not look like one is
// left out, because it may be a value: see also [report.hide].
func instead(object, known node, missing string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch {
		case known[name] != nil, slices.Contains([]string{"success", "data", "meta", "error"}, name):
		case fieldName.MatchString(name), otherSpelling.MatchString(name) && plain(name) == plain(missing):
			names = append(names, name)
		}
	}
	return names[:min(len(names), 5)]
}

var (
	fieldName     = regexp.MustCompile(`^[a-z_]{1,40}$`)
	otherSpelling = regexp.MustCompile(`^[A-Za-z_ -]{1,40}$`) // no digits: they could be an id
	notLetter     = regexp.MustCompile(`\PL`)
)

// plain returns the letters of a text in lower case.
func plain(text string) string { return strings.ToLower(notLetter.ReplaceAllString(text, "")) }

// files are those of the SDK that read a component of the contract, by the
// beginning of its name. The first that fits counts.
var files = []struct{ component, file string }{
	{"ContactTag", ""}, {"ContactSequence", ""}, {"ContactCustomField", ""}, // the SDK does not read them
	{"Contact", "contacts.go"}, {"TagContact", "tags.go"}, {"Tag", "tags.go"}, {"CustomField", "custom_fields.go"},
	{"Sequence", "sequences.go"}, {"Stage", "sequences.go"}, {"Funnel", "funnels.go"}, {"Step", "funnels.go"},
	{"Campaign", "campaigns.go"}, {"Webhook", "webhooks.go"}, {"Order", "orders.go"}, {"SalesAmount", "orders.go"},
	{"Transaction", "transactions.go"}, {"Subscription", "subscriptions.go"},
	{"Error", "internal/envelope/failure.go"}, {"TooMany", "internal/envelope/failure.go"},
	{"Meta", "internal/envelope/list.go"}, {"PageEnvelope", "internal/envelope/list.go"}, {"Envelope", "internal/envelope/envelope.go"},
}

// place returns where the SDK has a field: the innermost component on the way to
// it tells.
func (c *contract) place(schemas []string, field string) string {
	switch {
	case field == "data" && c.at(schemas[len(schemas)-1])["type"] == "array":
		return `"data" in internal/envelope/list.go`
	case field == "data", field == "success":
		return fmt.Sprintf("%q in internal/envelope/envelope.go", field)
	}
	for _, pointer := range slices.Backward(schemas) {
		name, ok := strings.CutPrefix(pointer, "#/components/schemas/")
		if !ok {
			continue
		}
		for _, f := range files {
			if strings.HasPrefix(name, f.component) {
				if f.file == "" {
					return "nothing: the SDK does not read this field"
				}
				return fmt.Sprintf("%q in %s", field, f.file)
			}
		}
	}
	return ""
}

// placeOfPath returns where the SDK has the path of an operation.
func (op *operation) placeOfPath() string {
	file := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(op.service, "${1}_$2")
	return fmt.Sprintf("%q in %s.go", op.path, strings.ToLower(file))
}

// change sets where the SDK is to be corrected.
func (c *contract) change(op *operation, d *difference) {
	for _, a := range c.assumptions {
		if a.name == d.Assumption {
			if d.Change == "" { // a field may have a place of its own
				d.Change = fmt.Sprintf("the line marked // %s in %s", a.name, a.file)
			}
			return
		}
	}
	if d.Change == "" {
		d.Change = op.placeOfPath()
	}
}
