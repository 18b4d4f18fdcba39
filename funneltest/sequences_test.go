package funneltest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSequences_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.expect(
		exchange{`POST /sequence {"name":"Welcome"}`, 201, data(`{"id":1,"name":"Welcome","type":"normal"}`)},
		exchange{`POST /sequence {"name":"Countdown","type":"inverted"}`, 201, data(`{"id":2,"name":"Countdown","type":"inverted"}`)},
		exchange{`PUT /sequence {"sequence_id":1,"name":"Hello"}`, 200, data(`{"id":1}`)},
		exchange{`PUT /sequence {"sequence_id":2,"type":"normal"}`, 200, data(`{"id":2}`)},
		exchange{`GET /sequences`, 200, onePage("2",
			`{"id":1,"name":"Hello","type":"normal"},{"id":2,"name":"Countdown","type":"normal"}`)},
		exchange{`POST /sequence {"type":"sideways"}`, 422, invalid(`{
			"name":["The name field is required."],"type":["The selected type is invalid."]}`)},
		exchange{`PUT /sequence {"sequence_id":3,"name":"x"}`, 404, notFound("Sequence")},
		exchange{`DELETE /sequence {"sequence_id":1}`, 200, done},
		exchange{`DELETE /sequence {"sequence_id":1}`, 404, notFound("Sequence")},
	)
}

func TestSequences_Enrolment(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `POST /sequence {"name":"s"}`)
	a.call(`POST /contact-sequence {"contact_id":1,"sequence_id":1}`).isError(422, "SEQUENCE_HAS_NO_STAGES")
	a.setUp(`POST /sequence-stage {"sequence_id":1}`)
	a.expect(
		exchange{`POST /contact-sequence {"contact_id":1,"sequence_id":1}`, 200, data(`{"contact_id":1,"sequence_id":1}`)},
		exchange{`POST /contact-sequence {"email":"ada@example.com","sequence_id":1}`, 200, data(`{"contact_id":1,"sequence_id":1}`)},
	)
	require.Contains(t, a.get("/contact?contact_id=1").Body, `"sequences":[1]`)
	a.expect(
		exchange{`POST /contact-sequence {"contact_id":1,"sequence_id":2}`, 404, notFound("Sequence")},
		exchange{`DELETE /contact-sequence {"contact_id":1,"sequence_id":2}`, 404, notFound("Sequence")},
		exchange{`POST /contact-sequence {"contact_id":1}`, 422, invalid(`{"sequence_id":["The sequence id field is required."]}`)},
		exchange{`DELETE /contact-sequence {"contact_id":1,"sequence_id":1}`, 200, done},
		exchange{`DELETE /contact-sequence {"contact_id":1,"sequence_id":1}`, 200, done},
	)
	require.Contains(t, a.get("/contact?contact_id=1").Body, `"sequences":[]`)
}

func TestSequences_DeletionRemovesStagesAndEnrolments(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /sequence {"name":"s"}`, `POST /sequence {"name":"t"}`,
		`POST /sequence-stage {"sequence_id":1}`, `POST /sequence-stage {"sequence_id":2}`,
		`POST /contact {"email":"ada@example.com","sequence_ids":"1,2"}`, `DELETE /sequence {"sequence_id":1}`)
	require.Equal(t, 1, a.Counts()["stages"])
	require.Contains(t, a.get("/contact?contact_id=1").Body, `"sequences":[2]`)
}

func TestSequenceStages_Lifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /sequence {"name":"s"}`, `POST /sequence {"name":"t"}`)
	a.expect(
		exchange{`POST /sequence-stage {"sequence_id":1}`, 201, data(`{"id":1,"sequence_id":1,"step":1,"name":"Step 1",
			"stage_type":"send_email","time_value":1,"time_type":86400}`)},
		exchange{`POST /sequence-stage {"sequence_id":1,"name":"Reminder","stage_type":"send_sms","time_value":3,"time_type":3600}`, 201,
			data(`{"id":2,"sequence_id":1,"step":2,"name":"Reminder","stage_type":"send_sms","time_value":3,"time_type":3600}`)},
		exchange{`POST /sequence-stage {"sequence_id":2,"time_type":604800,"time_value":0}`, 201, data(`{"id":3,"sequence_id":2,
			"step":1,"name":"Step 1","stage_type":"send_email","time_value":0,"time_type":604800}`)},
		exchange{`PUT /sequence-stage {"stage_id":1,"name":"First","stage_type":"action","time_value":2,"time_type":"3600"}`, 200, data(`{"id":1}`)},
		exchange{`POST /sequence-stage {"sequence_id":3}`, 404, notFound("Sequence")},
		exchange{`POST /sequence-stage {}`, 422, invalid(`{"sequence_id":["The sequence id field is required."]}`)},
		exchange{`POST /sequence-stage {"sequence_id":1,"name":"","stage_type":"fax","time_value":-1,"time_type":60}`, 422, invalid(`{
			"name":["The name field is required."],"stage_type":["The selected stage type is invalid."],
			"time_value":["The time value must be at least 0."],"time_type":["The selected time type is invalid."]}`)},
		exchange{`PUT /sequence-stage {"stage_id":9}`, 404, notFound("Stage")},
	)
	stage := a.stage(0)
	require.Equal(t, "First", stage.Name)
	require.Equal(t, "action", stage.StageType)
	require.Equal(t, []int{2, 3600}, []int{stage.TimeValue, stage.TimeType})
	a.expect(
		exchange{`DELETE /sequence-stage {"stage_id":1}`, 200, done},
		exchange{`DELETE /sequence-stage {"stage_id":1}`, 404, notFound("Stage")},
		exchange{`POST /sequence-stage {"sequence_id":1}`, 201, data(`{"id":4,"sequence_id":1,"step":3,"name":"Step 3",
			"stage_type":"send_email","time_value":1,"time_type":86400}`)},
	)
}

// storedStage is a stage in a snapshot: the API cannot show one.
type storedStage struct {
	Name      string
	StageType string `json:"stage_type"`
	TimeValue int    `json:"time_value"`
	TimeType  int    `json:"time_type"`
	Content   *struct{ Subject, Body string }
}

func (a *api) stage(index int) storedStage {
	a.t.Helper()
	snapshot, err := a.Snapshot()
	require.NoError(a.t, err)
	var content struct{ Stages struct{ Rows []storedStage } }
	require.NoError(a.t, json.Unmarshal(snapshot, &content))
	return content.Stages.Rows[index]
}

func TestSequenceStages_Content(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /sequence {"name":"s"}`, `POST /sequence-stage {"sequence_id":1}`,
		`POST /sequence-stage {"sequence_id":1,"stage_type":"send_sms"}`)
	require.Nil(t, a.stage(0).Content)
	a.expect(
		exchange{`PUT /sequence-stage-content {"stage_id":1,"subject":"Hello","body":"<p>Hi & welcome</p>"}`, 200, data(`{"id":1}`)},
		exchange{`PUT /sequence-stage-content {"stage_id":2,"subject":"s","body":"b"}`, 422,
			`{"success":false,"error":{"code":"STAGE_NOT_EMAIL","message":"The stage is not a send_email stage"}}`},
		exchange{`PUT /sequence-stage-content {"stage_id":3,"subject":"s","body":"b"}`, 404, notFound("Stage")},
		exchange{`PUT /sequence-stage-content {"stage_id":1,"subject":["s"],"body":7}`, 422, invalid(`{
			"subject":["The subject must be a string."],"body":["The body must be a string."]}`)},
		exchange{`PUT /sequence-stage-content {}`, 422, invalid(`{"stage_id":["The stage id field is required."]}`)},
	)
	content := func(subject, body string) {
		t.Helper()
		require.Equal(t, subject, a.stage(0).Content.Subject)
		require.Equal(t, body, a.stage(0).Content.Body)
	}
	content("Hello", "<p>Hi & welcome</p>")
	// The contract requires stage_id only.
	a.setUp(`PUT /sequence-stage-content {"stage_id":1}`)
	content("Hello", "<p>Hi & welcome</p>")
	a.setUp(`PUT /sequence-stage-content {"stage_id":1,"subject":"Bye"}`)
	content("Bye", "<p>Hi & welcome</p>")
	a.setUp(`PUT /sequence-stage-content {"stage_id":1,"body":"Farewell"}`)
	content("Bye", "Farewell")
	a.setUp(`PUT /sequence-stage {"stage_id":1,"stage_type":"action"}`)
	require.Nil(t, a.stage(0).Content, "only a send_email stage has content")
	a.setUp(`PUT /sequence-stage {"stage_id":1,"stage_type":"send_email"}`, `PUT /sequence-stage-content {"stage_id":1,"subject":"Again"}`)
	content("Again", "")
}
