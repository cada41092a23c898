package own

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

func open(t *testing.T, dir string, now func() time.Time) *Book {
	t.Helper()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if now != nil {
		b.now = now
	}
	return b
}

// get asks a server with a client of its own and returns the answer.
func get(t *testing.T, ctx context.Context, client *http.Client, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
}

// TestBook: the connections of traced requests are in the book, those of others
// are not, and another process reads them.
func TestBook(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.RemoteAddr) }))
	defer s.Close()
	dir := t.TempDir()
	b := open(t, dir, nil)
	mine, other := &http.Client{Transport: &http.Transport{}}, &http.Client{Transport: &http.Transport{}}
	defer mine.CloseIdleConnections()
	defer other.CloseIdleConnections()
	ctx := b.Trace(t.Context())
	get(t, ctx, mine, s.URL)
	get(t, t.Context(), other, s.URL)
	get(t, ctx, mine, s.URL) // the same connection again
	if asked[0] != asked[2] || asked[0] == asked[1] {
		t.Fatalf("connections %v: the test is wrong", asked)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, nil)
	list, err := again.all()
	if err != nil || len(list) != 1 || list[0].Local.String() != asked[0] || list[0].Remote.String() != strings.TrimPrefix(s.URL, "http://") || list[0].Last.Before(list[0].First) {
		t.Errorf("the book holds %v, %v; want one connection from %s", list, err, asked[0])
	}
	if _, err := os.Stat(b.file); err != nil {
		t.Errorf("the first process's file: %v", err)
	}
}

// slow is a source whose object takes its time.
type slow struct {
	periplus.Source
	client *http.Client
	url    string
}

func (s *slow) Open(ctx context.Context, o *periplus.Object) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// TestSource: a download is a use of its connection until its last byte.
func TestSource(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) }))
	defer s.Close()
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	b := open(t, t.TempDir(), func() time.Time { return at })
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	in, err := b.Source(&slow{client: client, url: s.URL}).Open(t.Context(), &periplus.Object{})
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1000)
	for range 10 { // ten minutes, and never two without a byte
		at = at.Add(time.Minute)
		if _, err := io.ReadFull(in, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	list := b.mine()
	if len(list) != 1 || list[0].Last.Sub(list[0].First) != 10*time.Minute {
		t.Errorf("the book holds %v, want one connection of ten minutes", list)
	}
}

// TestExclude: records of exactly those connections go, both ways, within their
// time; all others stay, in their order.
func TestExclude(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	b := open(t, t.TempDir(), func() time.Time { return at.Add(time.Hour) })
	conn := Conn{Local: netip.MustParseAddrPort("10.0.0.5:40000"), Remote: netip.MustParseAddrPort("52.218.0.1:443"), First: at, Last: at.Add(time.Minute)}
	b.uses[pair{conn.Local, conn.Remote}] = []*Conn{&conn}
	const has = periplus.HasProtocol | periplus.HasSrcPort | periplus.HasDstPort | periplus.HasBytes
	rec := func(src, dst string, change ...func(*periplus.Record)) periplus.Record {
		s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
		r := periplus.Record{Src: s.Addr(), Dst: d.Addr(), SrcPort: s.Port(), DstPort: d.Port(), Protocol: 6, Has: has, Bytes: 100, Start: at, End: at.Add(50 * time.Second), Verdict: periplus.Allowed}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	from := func(d time.Duration) func(*periplus.Record) {
		return func(r *periplus.Record) { r.Start, r.End = r.Start.Add(d), r.End.Add(d) }
	}
	const local, remote = "10.0.0.5:40000", "52.218.0.1:443"
	cases := []struct {
		name string
		own  bool
		r    periplus.Record
	}{
		{"out", true, rec(local, remote)},
		{"back", true, rec(remote, local)},
		{"a minute off", true, rec(local, remote, from(-time.Minute))},
		{"the close of an idle one", true, rec(local, remote, from(150*time.Second))},
		{"behind a NAT gateway, by the packet's addresses", true, rec("10.9.0.1:40000", remote, func(r *periplus.Record) { r.PktSrc = netip.MustParseAddr("10.0.0.5") })},
		{"back through one", true, rec(remote, "10.9.0.1:40000", func(r *periplus.Record) { r.PktDst = netip.MustParseAddr("10.0.0.5") })},
		{"Azure: both ways, one time", true, rec(local, remote, func(r *periplus.Record) { r.End = r.Start; r.Has |= periplus.HasRevBytes; r.RevBytes = 1000 })},
		{"another process of this machine", false, rec("10.0.0.5:40001", remote)},
		{"another machine to the same store, same port", false, rec("10.0.0.6:40000", remote)},
		{"another machine behind the same NAT", false, rec("10.9.0.1:40000", remote)},
		{"to another address of the store", false, rec(local, "52.218.0.2:443")},
		{"to another port", false, rec(local, "52.218.0.1:80")},
		{"the same ports, the other way round", false, rec("10.0.0.5:443", "52.218.0.1:40000")},
		{"the same ports, before", false, rec(local, remote, from(-10*time.Minute))},
		{"the same ports, an hour later", false, rec(local, remote, from(time.Hour))},
		{"a record that reaches far beyond it", false, rec(local, remote, func(r *periplus.Record) { r.End = at.Add(10 * time.Minute) })},
		{"UDP", false, rec(local, remote, func(r *periplus.Record) { r.Protocol = 17 })},
		{"ports that the log does not say", false, rec(local, remote, func(r *periplus.Record) { r.Has &^= periplus.HasSrcPort })},
		{"denied", false, rec(local, remote, func(r *periplus.Record) { r.Verdict = periplus.Denied })},
		{"dropped", false, rec(local, remote, func(r *periplus.Record) { r.Verdict = periplus.Dropped })},
		{"no traffic", false, rec(local, remote, func(r *periplus.Record) { r.Mark = periplus.MarkNoData })},
	}
	x, err := b.Exclusion()
	if err != nil {
		t.Fatal(err)
	}
	var all []periplus.Record
	var stay []string
	for i, c := range cases {
		r := []periplus.Record{c.r}
		if got := x.Exclude(r) == 0; got != c.own {
			t.Errorf("%s: left out: %v, want %v", c.name, got, c.own)
		}
		c.r.Line = int64(i)
		all = append(all, c.r)
		if !c.own {
			stay = append(stay, fmt.Sprint(i))
		}
	}
	if x, err = b.Exclusion(); err != nil {
		t.Fatal(err)
	}
	n := x.Exclude(all)
	var got []string
	seen := map[int64]bool{}
	for i, r := range all {
		if seen[r.Line] = true; i < n {
			got = append(got, fmt.Sprint(r.Line))
		}
	}
	if strings.Join(got, " ") != strings.Join(stay, " ") || len(seen) != len(all) {
		t.Errorf("of %d records %v stay, want %v; %d different ones are there", len(all), got, stay, len(seen))
	}
	if peers := x.Peers(); len(peers) != 1 || peers[0].Records != 7 || peers[0].Bytes != 1700 || peers[0].Remote.String() != remote {
		t.Errorf("left out: %+v, want 7 records and 1700 bytes with %s", peers, remote)
	}
}

// TestFollow: an Exclusion hears of what another process does later; many old
// files become one; a broken one says what to do.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	at := time.Now()
	b := open(t, dir, func() time.Time { return at })
	x, err := b.Exclusion()
	if err != nil {
		t.Fatal(err)
	}
	const has = periplus.HasProtocol | periplus.HasSrcPort | periplus.HasDstPort
	rec := []periplus.Record{{Src: netip.MustParseAddr("10.0.0.5"), Dst: netip.MustParseAddr("10.0.0.9"), SrcPort: 1, DstPort: 2, Protocol: 6, Has: has, Start: at, End: at}}
	if x.Exclude(rec) != 1 {
		t.Error("a record is left out that nobody made")
	}
	conn := Conn{Local: netip.MustParseAddrPort("10.0.0.5:1"), Remote: netip.MustParseAddrPort("10.0.0.9:2"), First: at, Last: at}
	for i := range manyFiles + 5 {
		file := filepath.Join(dir, fmt.Sprintf("%d-1.json", i))
		c := conn
		c.Local = netip.AddrPortFrom(c.Local.Addr(), uint16(1+i))
		if err := write(file, []Conn{c, {Local: c.Local, Remote: c.Remote, First: at.Add(-2 * keep), Last: at.Add(-2 * keep)}}); err != nil {
			t.Fatal(err)
		}
		if old := at.Add(-48 * time.Hour); i < manyFiles {
			if err := os.Chtimes(file, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	at = at.Add(newsEvery + time.Second)
	if x.Exclude(rec) != 0 {
		t.Error("what another process did is not known after half a minute")
	}
	c := open(t, dir, nil)
	files, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	list, err := c.all()
	if err != nil || len(files) != 6 || len(list) != manyFiles+5 {
		t.Errorf("%d files hold %d connections, %v; want 6 and %d", len(files), len(list), err, manyFiles+5)
	}
	if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exclusion(); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("a broken file: %v", err)
	}
}
