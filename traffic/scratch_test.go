package traffic

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/periplus"
)

// delivery is a source of one object.
type delivery struct{ uri, text string }

func (d delivery) Objects(context.Context) iter.Seq2[periplus.Object, error] {
	return func(yield func(periplus.Object, error) bool) {
		yield(periplus.Object{URI: d.uri, Size: int64(len(d.text)), ETag: d.text}, nil)
	}
}

func (d delivery) Open(context.Context, *periplus.Object) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(d.text)), nil
}

const scratchHeader = "account-id interface-id vpc-id region srcaddr dstaddr srcport dstport protocol packets bytes start end action tcp-flags log-status\n"

// town writes the logs of two networks that share a private range and a third
// one, of a day that is over, cut into deliveries: what opens a connection may
// come later than the rest of it, and so may whatever says who owns an address
// and what a log keeps.
type town struct {
	r          *rand.Rand
	day        time.Time
	deliveries []strings.Builder
}

func (w *town) line(delivery int, network, host, src, dst, sport, dport, packets int, at time.Time, action string, flags int) {
	fmt.Fprintf(&w.deliveries[delivery], "1 eni-%d-%d vpc-%d r %s %s %d %d 6 %d %d %d %d %s %d OK\n", network, host, network,
		townAddr(network, src), townAddr(network, dst), sport, dport, packets, 60*packets, at.Unix(), at.Unix()+int64(w.r.IntN(60)), action, flags)
}

// townAddr is the address of a host: networks 0 and 1 have one range.
func townAddr(network, host int) string {
	if host >= 100 {
		return fmt.Sprint("198.51.100.", host)
	}
	return fmt.Sprintf("10.%d.0.%d", network/2, 1+host)
}

func newTown(seed uint64) *town {
	w := &town{r: rand.New(rand.NewPCG(seed, 11)), day: hour.AddDate(-1, 0, 0).Truncate(24 * time.Hour), deliveries: make([]strings.Builder, 4)}
	ports := []int{2049, 11211, 33000, 45000}
	// From when on an interface is logged, and from which delivery on its log
	// keeps what passed.
	var from, keeps [3][4]int
	for n := range from {
		for h := range from[n] {
			from[n][h], keeps[n][h] = w.r.IntN(4)-1, w.r.IntN(4)-1
		}
	}
	for range 15 + w.r.IntN(20) {
		network, client, server := w.r.IntN(3), w.r.IntN(4), w.r.IntN(4)
		if w.r.IntN(6) == 0 {
			client = 100 + w.r.IntN(20)
		}
		if client == server {
			continue
		}
		sport, dport := 20000+w.r.IntN(40000), ports[w.r.IntN(len(ports))]
		at := w.day.Add(time.Duration(w.r.IntN(8*3600)) * time.Second)
		syn, stopped := w.r.IntN(4), w.r.IntN(6) == 0
		for i := range 1 + w.r.IntN(3) {
			d, flags := min(int(at.Sub(w.day)/(2*time.Hour)), 3), 16 // two hours a delivery, but for a few that are late
			if w.r.IntN(12) == 0 {
				d = w.r.IntN(4)
			}
			if i == syn {
				flags = 2
			}
			for _, own := range []int{client, server} {
				if own >= 100 || from[network][own] > d {
					continue
				}
				action := "ACCEPT"
				if stopped && own == server {
					action = "REJECT"
				}
				if keeps[network][own] > d && action == "ACCEPT" {
					continue
				}
				w.line(d, network, own, client, server, sport, dport, 1+w.r.IntN(9), at, action, flags)
				if action == "ACCEPT" && w.r.IntN(2) == 0 {
					w.line(d, network, own, server, client, dport, sport, 1+w.r.IntN(9), at, action, map[int]int{2: 18, 16: 16}[flags])
				}
			}
			at = at.Add(time.Duration(w.r.IntN(3*3600)) * time.Second)
		}
	}
	for range w.r.IntN(3) {
		at := w.day.Add(time.Duration(w.r.IntN(8*3600)) * time.Second).Unix()
		n := w.r.IntN(3)
		fmt.Fprintf(&w.deliveries[w.r.IntN(4)], "1 eni-%d-%d vpc-%d r - - - - - - - %d %d - - SKIPDATA\n", n, w.r.IntN(4), n, at, at+60)
	}
	return w
}

// lived has a lake take the deliveries in any order with questions of any
// range between them, by this keeper or another one, and tends it now and then.
// It returns what traffic holds in the end and what it holds from scratch.
func (w *town) lived(t *testing.T) (got, want string) {
	l, db, k := realLake(t)
	all := func() string {
		t.Helper()
		if err := k.Current(t.Context(), time.Time{}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		return asked(t, db, stepBucket) + asked(t, db, stepHour) + asked(t, db, stepDay)
	}
	for _, d := range w.r.Perm(len(w.deliveries)) {
		text := w.deliveries[d].String()
		if text == "" {
			continue
		}
		in := lake.Ingest{Lake: l, Source: delivery{fmt.Sprint("file:///", d), scratchHeader + text}, Workers: 1}
		s, err := in.Run(t.Context())
		if err != nil || len(s.Failures) > 0 {
			t.Fatal(err, s.Failures)
		}
		if w.r.IntN(5) == 0 {
			if _, err := l.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if w.r.IntN(3) == 0 {
			k = &Keeper{Lake: l, Engine: db, Temp: k.Temp}
		}
		if w.r.IntN(8) == 0 {
			k.Rows = 20
		}
		from := w.day.Add(time.Duration(w.r.IntN(8)) * time.Hour)
		switch w.r.IntN(4) {
		case 0: // nobody asks
		case 1:
			err = k.Current(t.Context(), from, from.Add(time.Duration(1+w.r.IntN(3))*time.Hour))
		default:
			err = k.Current(t.Context(), time.Time{}, time.Time{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got = all()
	if err := l.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got, all()
}

// However the logs came and whenever was asked, traffic is what is made of the
// same flows from scratch. PERIPLUS_SEEDS says how many towns are tried.
func TestScratch(t *testing.T) {
	seeds := uint64(4)
	if n, err := strconv.ParseUint(os.Getenv("PERIPLUS_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			got, want := newTown(seed).lived(t)
			if strings.Count(want, "\n") < 20 {
				t.Fatalf("from scratch there are %d rows; the test means more", strings.Count(want, "\n"))
			}
			if got == want {
				return
			}
			a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
			for _, s := range a {
				if !slices.Contains(b, s) {
					t.Errorf("not from scratch: %s", s)
					break
				}
			}
			for _, s := range b {
				if !slices.Contains(a, s) {
					t.Errorf("only from scratch: %s", s)
					break
				}
			}
		})
	}
}
