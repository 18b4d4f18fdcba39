package funneltest

// stageContent is the mail that a send_email stage sends.
type stageContent struct {
	Subject     string `json:"subject"`
	Body        string `json:"body"`
	PreviewText string `json:"preview_text,omitempty"`
}

// emailStage finds the stage that the request names and refuses one that
// sends no mail.
func emailStage(c *call) (*stage, *problem) {
	st, p := c.stages.target(c)
	if p != nil {
		return nil, p
	}
	if st.Type != sendEmail {
		return nil, refuse(codeStageNotEmail)
	}
	return st, nil
}

// getStageContent answers with empty fields before anything has been put.
func getStageContent(c *call) *problem {
	st, p := emailStage(c)
	if p != nil {
		return p
	}
	return writeStageContent(c, st)
}

func putStageContent(c *call) *problem {
	st, p := emailStage(c)
	if p != nil {
		return p
	}
	var content stageContent
	if st.Content != nil {
		content.PreviewText = st.Content.PreviewText
	}
	c.in.text("subject", &content.Subject, required, atMost(255))
	c.in.text("body", &content.Body, required)
	c.in.text("preview_text", &content.PreviewText, atMost(255))
	if p := c.in.problem(); p != nil {
		return p
	}
	st.Content = &content
	return writeStageContent(c, st)
}

func writeStageContent(c *call, st *stage) *problem {
	var content stageContent
	if st.Content != nil {
		content = *st.Content
	}
	w := c.out
	w.object()
	w.key("stage_id").int(st.ID)
	w.key("subject").text(content.Subject)
	w.key("body").text(content.Body)
	w.key("preview_text").textOrNull(content.PreviewText)
	w.endObject()
	return nil
}
