package format

// lookAhead finds what a record says only behind its tuples, as it does when
// something has sorted its members: the rule to the end of the group, the rest
// to the end of the record, once. It reports false if more text has to come first.
func (a *azureReader) lookAhead() bool {
	t := &a.t
	rec := a.depth
	for rec > 0 && !a.stack[rec].record {
		rec--
	}
	looked := a.stack[rec].looked
	found := func() bool {
		return (a.head.mac != "" || a.flow.mac != "") && (a.head.target != "" || a.head.resource != "")
	}
	if a.flow.rule != "" && found() {
		return true
	}
	from, head, flow := t.i, a.head, a.flow
	if t.peek() == ']' {
		t.i++
	} else {
		for ok := t.fault == jsonFine; ok; ok = t.more(']') {
			t.skip()
		}
	}
	for d := a.depth; d > 0 && t.fault == jsonFine; d-- {
		if a.stack[d].kind != azureObject {
			for t.more(']') {
				t.skip()
			}
			continue
		}
		for t.more('}') {
			k := t.key()
			switch to := a.known(k); {
			case to != nil && *to == "":
				if v := t.scalar(); t.fault == jsonFine {
					*to = a.word(v)
				}
			case to != nil || azureSilent(k):
				t.skip()
			default:
				if v := t.raw(); t.fault == jsonFine {
					a.keep(&a.stack[d], k, v)
				}
			}
		}
		if d == rec || a.flow.rule != "" && (looked || found()) {
			break
		}
	}
	if t.fault == jsonShort && a.win.err == nil && !a.win.full() {
		a.head, a.flow = head, flow // it is all looked for again
		return false
	}
	// What is wrong further on is met again on the way there.
	t.fault, t.msg, t.i = jsonFine, "", from
	a.stack[rec].looked = true
	return true
}
