package silo

// A mailbox is the calls that wait for one activation, first come first served. Its
// calls are linked to each other, so that an empty one costs nothing.
type mailbox struct {
	head, tail *call
	len        int32
}

func (m *mailbox) push(c *call) {
	if m.tail == nil {
		m.head = c
	} else {
		m.tail.next = c
	}
	m.tail = c
	m.len++
}

// pop returns nil when the mailbox is empty.
func (m *mailbox) pop() *call {
	c := m.head
	if c == nil {
		return nil
	}
	m.head = c.next
	if m.head == nil {
		m.tail = nil
	}
	c.next = nil
	m.len--
	return c
}

// take empties the mailbox and returns its first call.
func (m *mailbox) take() *call {
	c := m.head
	*m = mailbox{}
	return c
}
