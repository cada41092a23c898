package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/periplus/periplus/periplus"
)

// Scheme begins the address of a log group: cloudwatch:GROUP.
const Scheme = "cloudwatch:"

// Lag is how long after the end of a window its events may still come, unless
// the address says another (lag=3h). A flow log's event bears the time at which
// its record starts; the record ends up to 10 minutes later, and is usually there
// 5 minutes after that.
const Lag = time.Hour

// Group is a log group of CloudWatch Logs. Its objects are windows of 5 minutes,
// each with the events of all its streams. A window is looked at again while its
// events may come, at ages that lookAges tells: its ETag says which look is due, by
// the clock alone, so that whoever asks is told the same, and what was found at
// it. A look that finds what the last one found is ErrHeld.
type Group struct {
	From, To time.Time // of the records; zero: no bound
	// Columns are those of the lines, as --aws-format gives them; "": EC2 is asked
	// for the settings of the flow logs that write to the group.
	Columns string
	// Retried, when set, is told of each try that failed and will be made again.
	// It may be called by several goroutines at once, as may Notice.
	Retried func(what string, err error, wait time.Duration)
	// Notice, when set, is told once of what a person should know: columns that
	// could not be asked for, flow logs that share the group, events that come late.
	Notice func(text string)
	// Now is the time that windows are open by; nil: time.Now.
	Now func() time.Time

	cfg    sdk.Config
	client *cloudwatchlogs.Client
	name   string // of the group
	arn    string // "": the address gave the name only
	region string
	prefix string // of its streams
	filter string // CloudWatch's own pattern
	lag    time.Duration

	mu      sync.Mutex
	account string          // "": not known yet
	columns *columns        // nil: not asked yet
	asked   time.Time       // when columns were
	said    map[string]bool // notices
	late    time.Duration   // the latest event seen, after the end of its window
	spans   []span          // in which there may be events, as of listed
	listed  time.Time       // when the streams were; zero: never
}

// IsGroup reports whether an address names a log group.
func IsGroup(address string) bool { return strings.HasPrefix(address, Scheme) }

// OpenGroup opens an address such as cloudwatch:GROUP?region=eu-west-1. Its words
// are those of Config and stream_prefix, filter and lag. GROUP is a name or an
// ARN. Nothing is asked of AWS before Objects.
func OpenGroup(ctx context.Context, address string) (*Group, error) {
	name, query, _ := strings.Cut(strings.TrimPrefix(address, Scheme), "?")
	wrong := func(what string) error {
		return fmt.Errorf("%s: %s: use cloudwatch:GROUP, such as 'cloudwatch:/vpc/flow-logs?region=eu-west-1'", address, what)
	}
	if rest, ok := strings.CutPrefix(name, "//"); ok {
		return nil, wrong("// is of buckets; did you mean cloudwatch:" + rest)
	}
	words, err := url.ParseQuery(query)
	if err != nil {
		return nil, wrong(err.Error() + "; write what is special in a filter as %22")
	}
	g := &Group{name: name, prefix: words.Get("stream_prefix"), filter: words.Get("filter"), lag: Lag}
	if strings.HasPrefix(name, "arn:") {
		if g.name, g.region, err = parseARN(name); err != nil {
			return nil, wrong(err.Error())
		}
		g.arn = strings.TrimSuffix(name, ":*")
		if words.Get("region") == "" {
			words.Set("region", g.region)
		}
	}
	if g.name == "" {
		return nil, wrong("which log group?")
	}
	if text := words.Get("lag"); text != "" {
		if g.lag, err = time.ParseDuration(text); err != nil || g.lag < 0 {
			return nil, wrong("lag=" + text + " is no time such as 90m")
		}
	}
	for _, own := range []string{"stream_prefix", "filter", "lag"} {
		words.Del(own)
	}
	if g.cfg, err = Config(ctx, words); err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	if g.region = g.cfg.Region; g.region == "" {
		return nil, wrong("which region? set AWS_REGION or add ?region=NAME")
	}
	g.client = cloudwatchlogs.NewFromConfig(g.cfg)
	return g, nil
}

// parseARN takes arn:aws:logs:REGION:ACCOUNT:log-group:NAME apart.
func parseARN(arn string) (name, region string, err error) {
	p := strings.SplitN(strings.TrimSuffix(arn, ":*"), ":", 7)
	if len(p) != 7 || p[2] != "logs" || p[5] != "log-group" || p[6] == "" || p[3] == "" {
		return "", "", errors.New("an ARN is arn:aws:logs:REGION:ACCOUNT:log-group:GROUP")
	}
	return p[6], p[3], nil
}

// Close ends nothing: there is no connection that stays.
func (g *Group) Close() error { return nil }

// view is what is read of the group, as part of names: another filter shows
// other events of the same window, which are another object of another log, so
// that nobody adds them to the first.
func (g *Group) view() string {
	v := url.Values{}
	if g.filter != "" {
		v.Set("filter", g.filter)
	}
	if g.prefix != "" {
		v.Set("stream_prefix", g.prefix)
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// Name is the group in the words of an error.
func (g *Group) Name() string { return Scheme + g.name }

// Exists asks whether the group is there and may be listed.
func (g *Group) Exists(ctx context.Context) error {
	_, err := g.client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: g.byName(), LogGroupIdentifier: g.byARN(),
		Limit: sdk.Int32(1)}, g.patient("ask for "+g.name))
	return g.explain("logs:DescribeLogStreams", err)
}

// Objects asks for the streams of the group and yields the windows that may hold
// events of the time that is wanted, the oldest first.
func (g *Group) Objects(ctx context.Context) iter.Seq2[periplus.Object, error] {
	return g.objects(ctx, time.Time{})
}

// Recent is Objects of which only those are listed that may hold events since t,
// or that are still looked at. AWS is not asked for the streams if Objects did.
func (g *Group) Recent(ctx context.Context, t time.Time) iter.Seq2[periplus.Object, error] {
	return g.objects(ctx, earlier(t, g.now().Add(-max(lastLook, window+g.lag)-time.Hour)))
}

// objects yields the windows since a time; zero: all.
func (g *Group) objects(ctx context.Context, since time.Time) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		now := g.now()
		spans, known := g.recent(since, now)
		var err error
		if since.IsZero() || !known {
			spans, err = g.streams(ctx, now)
		}
		if err == nil && len(spans) > 0 {
			_, err = g.ask(ctx, true)
		}
		if err != nil {
			yield(periplus.Object{URI: g.Name()}, err)
			return
		}
		for start := range g.windows(spans) {
			if ctx.Err() != nil {
				yield(periplus.Object{URI: g.Name()}, ctx.Err())
				return
			}
			o := g.object(start)
			o.ETag = g.look(start, now)
			if !yield(o, nil) {
				return
			}
		}
	}
}

// uriTime is how a window stands in a URI: it sorts.
const uriTime = "20060102T1504Z"

func (g *Group) object(start time.Time) periplus.Object {
	g.mu.Lock()
	defer g.mu.Unlock()
	return periplus.Object{URI: g.base() + start.Format(uriTime) + g.view(), Size: -1, Time: start, Window: window,
		Hint: periplus.Place{Provider: "aws", Account: g.account, Region: g.region, Log: g.columns.log(g.name) + g.view()}}
}

// base is what the URIs of the group's windows begin with; mu is held.
func (g *Group) base() string {
	partition := "aws"
	if p := strings.SplitN(g.arn, ":", 3); len(p) == 3 {
		partition = p[1]
	} else if strings.HasPrefix(g.region, "cn-") {
		partition = "aws-cn"
	} else if strings.HasPrefix(g.region, "us-gov-") {
		partition = "aws-us-gov"
	}
	return Scheme + "arn:" + partition + ":logs:" + g.region + ":" + g.account + ":log-group:" + strings.ReplaceAll(g.name, "#", "%23") + ":"
}

// start is the inverse of object: where the window of a URI begins.
func (g *Group) start(uri string) (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	rest, ok := strings.CutPrefix(uri, g.base())
	if ok {
		rest, ok = strings.CutSuffix(rest, g.view())
	}
	t, err := time.Parse(uriTime, rest)
	if !ok || err != nil {
		return t, fmt.Errorf("%s: no window of %s%s", uri, g.Name(), g.view())
	}
	return t, nil
}

// Owns reports whether a URI is of one of the objects that Objects yielded.
func (g *Group) Owns(uri string) bool {
	_, err := g.start(uri)
	return err == nil
}

// Open reads the events of a window as lines of text, page by page. Where EC2
// said which columns they have, a header line names them, and lines whose
// columns do not hold their time have that of their event before them, as
// CloudWatch Logs writes it when it exports a group. At the end the object's
// ETag says what was found. A window that was read before is read to its end
// before Open returns.
func (g *Group) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	start, err := g.start(o.URI)
	if err != nil {
		return nil, err
	}
	c, err := g.ask(ctx, false)
	if err != nil {
		return nil, err
	}
	look, _, _ := strings.Cut(o.ETag, " ")
	e := &events{g: g, ctx: ctx, object: o, look: look, columns: c, end: start.Add(window), in: cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: g.byName(), LogGroupIdentifier: g.byARN(),
		LogStreamNamePrefix: text(g.prefix), FilterPattern: text(g.filter),
		StartTime: sdk.Int64(start.UnixMilli()), EndTime: sdk.Int64(start.Add(window).UnixMilli() - 1), // that one is still wanted
	}}
	if o.Held != "" {
		return e.again()
	}
	if err := e.page(); err != nil { // what is not permitted shows before anything is read
		return nil, err
	}
	return e, nil
}

// byName and byARN are how a request names the group: one of both is nil.
func (g *Group) byName() *string {
	if g.arn != "" {
		return nil
	}
	return &g.name
}

func (g *Group) byARN() *string { return text(g.arn) }

// text is nil for "".
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (g *Group) now() time.Time {
	if g.Now != nil {
		return g.Now().UTC()
	}
	return time.Now().UTC()
}

// notice tells the same thing once.
func (g *Group) notice(format string, args ...any) {
	if g.Notice == nil {
		return
	}
	what := g.Name() + ": " + fmt.Sprintf(format, args...)
	g.mu.Lock()
	told := g.said[what]
	if g.said == nil {
		g.said = map[string]bool{}
	}
	g.said[what] = true
	g.mu.Unlock()
	if !told {
		g.Notice(what)
	}
}
