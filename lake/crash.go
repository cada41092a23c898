package lake

// crashPoint, when a test sets it, is called between the steps of a commit: it
// may end the process there.
var crashPoint func(step string)

func crash(step string) {
	if crashPoint != nil {
		crashPoint(step)
	}
}
