package funneltest

import "slices"

// Enrolment puts a contact into a sequence. The fake keeps who is enrolled; it
// does not walk contacts through the stages.

// checkEnrolment tells whether contacts can be enrolled in a sequence.
func (c *call) checkEnrolment(sequenceID int64) *problem {
	if c.sequences.find(sequenceID) == nil {
		return notFound("Sequence")
	}
	if c.stagesOf(sequenceID) == 0 {
		return refuse(codeSequenceHasNoStages)
	}
	return nil
}

// contactAndSequence reads what both operations need.
func contactAndSequence(c *call) (*contact, *sequence, *problem) {
	contactID, sequenceID := c.in.id("contact_id"), c.in.id("sequence_id")
	if p := c.in.problem(); p != nil {
		return nil, nil, p
	}
	ct, sq := c.contacts.find(contactID), c.sequences.find(sequenceID)
	switch {
	case ct == nil:
		return nil, nil, notFound("Contact")
	case sq == nil:
		return nil, nil, notFound("Sequence")
	}
	return ct, sq, nil
}

// enrolContact may be repeated: a contact is enrolled once.
func enrolContact(c *call) *problem {
	ct, sq, p := contactAndSequence(c)
	if p != nil {
		return p
	}
	if p := c.checkEnrolment(sq.ID); p != nil {
		return p
	}
	c.enrol(ct, sq)
	return writeEnrolment(c, ct, sq)
}

// unenrolContact takes a contact out; one that is not in is no problem.
func unenrolContact(c *call) *problem {
	ct, sq, p := contactAndSequence(c)
	if p != nil {
		return p
	}
	ct.Sequences = without(ct.Sequences, []int64{sq.ID})
	return c.nothing()
}

func (c *call) enrol(ct *contact, sq *sequence) {
	if slices.Contains(ct.Sequences, sq.ID) {
		return
	}
	ct.Sequences = union(ct.Sequences, []int64{sq.ID})
	c.event("contact.enrolled", func(w *writer) {
		w.key("contact")
		writeContact(c, w, ct)
		w.key("sequence")
		writeSequence(c, w, sq)
	})
}

func writeEnrolment(c *call, ct *contact, sq *sequence) *problem {
	c.out.object()
	c.out.key("contact_id").int(ct.ID)
	c.out.key("sequence_id").int(sq.ID)
	c.out.endObject()
	return nil
}
