package funneltest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/funnel-go/funnel/funneltest"
)

func TestSequenceLifecycle(t *testing.T) {
	t.Parallel()
	a := newAPI(t, funneltest.WithClock(newClock("2026-11-22T09:30:00Z").now))
	const sequence = `{"id":1,"name":"welcome","status":"draft","stages_count":0,"created_at":"2026-11-22T09:30:00.000000Z"}`
	a.post("/sequence", `{"name":"welcome"}`).data(sequence)
	a.get("/sequence?sequence_id=1").data(sequence)
	a.get("/sequences").data("[" + sequence + "]")
	require.Equal(t, `"active"`, a.put("/sequence", `{"sequence_id":1,"status":"active"}`).field("status"))
	a.put("/sequence", `{"sequence_id":1,"status":"resting"}`).invalid("status", "The selected status is invalid.")
	a.post("/sequence", `{"status":"active"}`).invalid("name", "The name field is required.")
	a.delete("/sequence?sequence_id=1").data("null")
	a.get("/sequence?sequence_id=1").refused(404, "NOT_FOUND")
}

func TestStagesAreListedByPosition(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /tag {"name":"t"}`, `POST /sequence {"name":"a"}`, `POST /sequence {"name":"b"}`)

	a.post("/sequence-stage", `{"sequence_id":1,"type":"send_email"}`).
		data(`{"id":1,"sequence_id":1,"type":"send_email","position":1,"delay_minutes":0,"tag_id":null}`)
	a.post("/sequence-stage", `{"sequence_id":1,"type":"wait","delay_minutes":60,"position":5}`).
		data(`{"id":2,"sequence_id":1,"type":"wait","position":5,"delay_minutes":60,"tag_id":null}`)
	a.post("/sequence-stage", `{"sequence_id":"1","type":"add_tag","tag_id":"1"}`).
		data(`{"id":3,"sequence_id":1,"type":"add_tag","position":6,"delay_minutes":0,"tag_id":1}`)
	a.setUp(`POST /sequence-stage {"sequence_id":2,"type":"wait"}`)

	require.Equal(t, []string{"1", "2", "3"}, a.get("/sequence-stages?sequence_id=1").all("id"))
	require.Equal(t, "0", a.put("/sequence-stage", `{"stage_id":3,"position":0}`).field("position"))
	require.Equal(t, []string{"3", "1", "2"}, a.get("/sequence-stages?sequence_id=1").all("id"))
	require.Equal(t, []string{"2"}, a.get("/sequence-stages?sequence_id=1&per_page=2&page=2").all("id"))
	require.Equal(t, []string{"3", "1"}, a.get("/sequences").all("stages_count"))

	a.delete("/sequence-stage?stage_id=1").data("null")
	require.Equal(t, []string{"3", "2"}, a.get("/sequence-stages?sequence_id=1").all("id"))
}

func TestStageIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /sequence {"name":"a"}`)
	a.post("/sequence-stage", `{"type":"wait"}`).invalid("sequence_id", "The sequence id field is required.")
	a.post("/sequence-stage", `{"sequence_id":9,"type":"wait"}`).refused(404, "NOT_FOUND")
	a.post("/sequence-stage", `{"sequence_id":1}`).invalid("type", "The type field is required.")
	a.post("/sequence-stage", `{"sequence_id":1,"type":"dance"}`).invalid("type", "The selected type is invalid.")
	a.post("/sequence-stage", `{"sequence_id":1,"type":"wait","delay_minutes":-1}`).invalid("delay_minutes", "The delay minutes must be at least 0.")
	a.post("/sequence-stage", `{"sequence_id":1,"type":"wait","position":"x"}`).invalid("position", "The position must be an integer.")
	a.post("/sequence-stage", `{"sequence_id":1,"type":"add_tag"}`).invalid("tag_id", "The tag id field is required when type is add_tag.")
	a.post("/sequence-stage", `{"sequence_id":1,"type":"remove_tag","tag_id":9}`).refused(404, "NOT_FOUND")
	a.get("/sequence-stages").invalid("sequence_id", "The sequence id field is required.")
	a.get("/sequence-stages?sequence_id=9").refused(404, "NOT_FOUND")
	a.put("/sequence-stage", `{"stage_id":9}`).refused(404, "NOT_FOUND")
	a.delete("/sequence-stage?stage_id=9").refused(404, "NOT_FOUND")
	require.Zero(t, a.Counts()["stages"])
}

func TestStageContent(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /sequence {"name":"a"}`, `POST /sequence-stage {"sequence_id":1,"type":"send_email"}`)

	a.get("/sequence-stage-content?stage_id=1").data(`{"stage_id":1,"subject":"","body":"","preview_text":null}`)
	const content = `{"stage_id":1,"subject":"Hi","body":"<p>Hello</p>","preview_text":"psst"}`
	a.put("/sequence-stage-content", content).data(content)
	a.get("/sequence-stage-content?stage_id=1").data(content)
	a.put("/sequence-stage-content", `{"stage_id":1,"subject":"Hi again","body":"b"}`).
		data(`{"stage_id":1,"subject":"Hi again","body":"b","preview_text":"psst"}`)

	a.put("/sequence-stage-content", `{"stage_id":1,"body":"b"}`).invalid("subject", "The subject field is required.")
	a.put("/sequence-stage-content", `{"stage_id":1,"subject":"s"}`).invalid("body", "The body field is required.")
	a.put("/sequence-stage-content", `{"subject":"s","body":"b"}`).invalid("stage_id", "The stage id field is required.")
	a.put("/sequence-stage-content", `{"stage_id":9,"subject":"s","body":"b"}`).refused(404, "NOT_FOUND")
	require.Equal(t, `"Hi again"`, a.get("/sequence-stage-content?stage_id=1").field("subject"))
}

func TestOnlySendEmailStagesHaveContent(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /sequence {"name":"a"}`,
		`POST /sequence-stage {"sequence_id":1,"type":"wait"}`,
		`POST /sequence-stage {"sequence_id":1,"type":"send_email"}`,
		`PUT /sequence-stage-content {"stage_id":2,"subject":"s","body":"b"}`,
		`PUT /sequence-stage {"stage_id":2,"type":"wait"}`,
	)
	a.get("/sequence-stage-content?stage_id=1").refused(422, "STAGE_NOT_EMAIL")
	a.put("/sequence-stage-content", `{"stage_id":1,"subject":"s","body":"b"}`).refused(422, "STAGE_NOT_EMAIL")
	a.get("/sequence-stage-content?stage_id=2").refused(422, "STAGE_NOT_EMAIL")
	a.put("/sequence-stage", `{"stage_id":2,"type":"send_email"}`).ok()
	require.Equal(t, `""`, a.get("/sequence-stage-content?stage_id=2").field("subject"), "content of the former life")
}

func TestEnrolment(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `POST /sequence {"name":"a"}`)

	a.post("/contact-sequence", `{"contact_id":1,"sequence_id":1}`).refused(422, "SEQUENCE_HAS_NO_STAGES")
	a.setUp(`POST /sequence-stage {"sequence_id":1,"type":"wait"}`)
	for range 2 { // it may be repeated
		a.post("/contact-sequence", `{"contact_id":1,"sequence_id":1}`).data(`{"contact_id":1,"sequence_id":1}`)
	}
	require.Equal(t, []string{"1"}, a.get("/contacts?sequence_ids=1").all("id"))
	for range 2 {
		a.delete("/contact-sequence?contact_id=1&sequence_id=1").data("null")
	}
	require.Empty(t, a.get("/contacts?sequence_ids=1").all("id"))
}

func TestEnrolmentIsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(`POST /contact {"email":"ada@example.com"}`, `POST /sequence {"name":"a"}`)
	for _, method := range []string{"POST", "DELETE"} {
		call := func(contact, sequence string) answer {
			if method == "DELETE" {
				return a.delete("/contact-sequence?contact_id=" + contact + "&sequence_id=" + sequence)
			}
			return a.post("/contact-sequence", `{"contact_id":"`+contact+`","sequence_id":"`+sequence+`"}`)
		}
		call("9", "1").refused(404, "NOT_FOUND")
		call("1", "9").refused(404, "NOT_FOUND")
		call("x", "1").invalid("contact_id", "The contact id must be an integer.")
		call("1", "").invalid("sequence_id", "The sequence id field is required.")
	}
}

func TestDeletedSequenceTakesStagesAndEnrolmentsWithIt(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.setUp(
		`POST /sequence {"name":"a"}`, `POST /sequence {"name":"b"}`,
		`POST /sequence-stage {"sequence_id":1,"type":"wait"}`, `POST /sequence-stage {"sequence_id":2,"type":"wait"}`,
		`POST /contact {"email":"ada@example.com","sequence_ids":[1,2]}`,
		`DELETE /sequence?sequence_id=1`,
	)
	require.Equal(t, 1, a.Counts()["stages"])
	require.Empty(t, a.get("/contacts?sequence_ids=1").all("id"))
	require.Equal(t, []string{"1"}, a.get("/contacts?sequence_ids=2").all("id"))
}
