// Periplus reads the network flow logs of AWS, Google Cloud and Azure, keeps
// them in an open table, and draws, questions and watches the traffic.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitOK      = 0 // something was read, or there was nothing new
	exitNothing = 1 // nothing could be read, or it went wrong
	exitUsage   = 2
	exitStrict  = 3 // --strict, and something was bad
)

// env is what a command has of the world, so that tests can give their own.
type env struct {
	in          io.Reader
	out, errOut io.Writer
	terminal    bool // errOut is a person's terminal
}

func main() {
	// The first Ctrl-C stops cleanly, a second one at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	// A pipe whose reader has gone is an error of the write, not the end of the
	// process: what lies in temporary folders must still be removed.
	signal.Ignore(syscall.SIGPIPE)
	info, err := os.Stderr.Stat()
	e := &env{in: &stoppable{ctx: ctx, in: os.Stdin}, out: os.Stdout, errOut: os.Stderr, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
	os.Exit(run(ctx, e, os.Args[1:]))
}

// exit is an error that asks for an exit code of its own.
type exit struct {
	code int
	err  error // nil: said already
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// hint is an error with the way out.
type hint struct {
	error
	do string
}

func (h hint) Unwrap() error { return h.error }

// Hint is what to do, for the page.
func (h hint) Hint() string { return h.do }

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, e *env, args []string) int {
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitOK // the reader of a pipe has seen enough
	}
	code := exitNothing
	var x exit
	if errors.As(err, &x) {
		code = x.code
		if x.err == nil {
			return code
		}
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(e.errOut, "periplus: stopped; what was committed stays, run it again to go on")
		return exitNothing
	}
	text := err.Error()
	if first, _, ok := strings.Cut(text, "\n"); ok && strings.Contains(first, "Out of Memory Error") {
		text, err = first, hint{err, "give more memory with --memory, such as --memory 2GiB; what was read stays in the lake"}
	}
	// Errors name files and quote lines, which may hold anything.
	for line := range strings.Lines("periplus: " + text) {
		fmt.Fprintln(e.errOut, printable(strings.TrimSuffix(line, "\n")))
	}
	if h, ok := errors.AsType[hint](err); ok {
		fmt.Fprintf(e.errOut, "  %s\n", printable(h.do))
	}
	return code
}
