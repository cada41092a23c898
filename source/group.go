package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/periplus/periplus/aws"
	"github.com/periplus/periplus/periplus"
)

// group is a log group of which a Filter keeps what is chosen.
type group struct {
	*aws.Group
	kept Filter
}

// recent is a log group of which only what may be new since a time is listed.
type recent struct {
	*aws.Group
	since time.Time
}

func (r recent) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return r.Recent(ctx, r.since)
}

// from is the same group as recent has it. It shares the connection.
func (g *group) from(t time.Time) *group {
	return &group{g.Group, Filter{recent{g.Group, t}, g.kept.Choice}}
}

func openGroup(ctx context.Context, address string, opt Options) (*group, error) {
	g, err := aws.OpenGroup(ctx, address)
	if err != nil {
		return nil, err
	}
	g.From, g.To, g.Columns, g.Retried, g.Notice, g.Now = opt.From, opt.To, opt.Columns, opt.Retried, opt.Notice, opt.Now
	rest := opt.Choice
	rest.From, rest.To = time.Time{}, time.Time{} // its windows are of the events' own time: no margin
	return &group{g, Filter{g, rest}}, nil
}

// Objects yields the windows that may hold what is chosen.
func (g *group) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		for o, err := range g.kept.Objects(ctx) {
			if !yield(o, groupRefused("list", err)) {
				return
			}
		}
	}
}

// Open opens one of them.
func (g *group) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	r, err := g.Group.Open(ctx, o)
	return r, groupRefused("read", err)
}

// groupRefused says of a request that AWS did not permit what a bucket's error
// would say.
func groupRefused(act string, err error) error {
	var r *aws.Refused
	if !errors.As(err, &r) {
		return err
	}
	out := &Refused{Act: act, Right: r.Right, On: r.On, Stranger: r.Stranger, err: r.Err}
	if m := awsRefusal.FindStringSubmatch(message(r.Err)); m != nil {
		out.Who = m[1]
		if m[2] != r.Right { // a role that may not be taken on, a key that may not be used
			out.Right, out.On = m[2], or(m[3], "*")
		}
	}
	if !out.Stranger {
		out.Grant = fmt.Sprintf(`{"Effect": "Allow", "Action": %q, "Resource": %q}`, out.Right, out.On)
	}
	return out
}
