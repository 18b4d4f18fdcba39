package funnel

import (
	"bytes"
	"fmt"
	"strconv"
)

// An ID identifies a resource of type R: a [TagID] is no [ContactID], and the
// compiler says so. Ids are 64-bit integers (assumed); a numeric string is
// understood when reading. Zero stands for "no id" and is never sent.
type ID[R any] int64

// The id types of the API's resources.
type (
	ContactID  = ID[Contact]
	TagID      = ID[Tag]
	SequenceID = ID[Sequence]
	StageID    = ID[Stage]
	FunnelID   = ID[Funnel]
	StepID     = ID[Step]
	CampaignID = ID[Campaign]
	WebhookID  = ID[Webhook]
)

// String returns the id in decimal.
func (id ID[R]) String() string { return strconv.FormatInt(int64(id), 10) }

// UnmarshalJSON reads 12 and "12"; null and "" are zero. Anything with a
// fraction or an exponent is refused: an id is never a float.
func (id *ID[R]) UnmarshalJSON(b []byte) error {
	digits := bytes.Trim(b, `"`)
	if len(digits) == 0 || string(b) == "null" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no id: want a 64-bit integer", b)
	}
	*id = ID[R](n)
	return nil
}

func checkID[R any](field string, id ID[R]) error {
	if id <= 0 {
		return argumentError(field, "is %d: ids are positive", id)
	}
	return nil
}
