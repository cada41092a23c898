package periplus

// A Notice is a message of a queue that says which objects came to be.
type Notice struct {
	ID   string   // as the queue's own tools show it
	URIs []string // of objects that were written; none: see Kind and Err
	// Kind is what a notice is that names no object: "test", "deletion" or
	// "other". It is in order, and nothing follows from it.
	Kind string
	// Err says why a notice was not understood. Who has it neither acknowledges
	// it nor gives it back, so that the queue's dead letter policy sees it.
	Err error

	// Ack says that what the notice names is safe. Back gives it back at once,
	// for another reader. A notice of which neither is called comes again when
	// the queue's own time for it is over. Neither waits, and each may be
	// called once, by any goroutine. They are never nil.
	Ack, Back func()
}
