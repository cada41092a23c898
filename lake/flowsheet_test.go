package lake

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/periplus/periplus/periplus"
)

// TestSheetsAgain: a row group knows nothing of those that its sheet held
// before, whatever order addresses came in and whoever's places they were.
func TestSheetsAgain(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	v4 := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}) }
	orders := []func(i int) netip.Addr{
		func(i int) netip.Addr { return v4(i / 3) },
		func(i int) netip.Addr { return v4(999 - i/2) },
		func(i int) netip.Addr { return netip.Addr{} },
		func(i int) netip.Addr { return v4(rnd.IntN(9)) },
		func(i int) netip.Addr {
			if i%50 == 0 {
				return netip.Addr{}
			}
			return v4(i)
		},
		func(i int) netip.Addr {
			if i > 200 {
				return netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", rnd.IntN(9)))
			}
			return v4(i)
		},
	}
	var places []*periplus.Place // some say the same, and hours have some in common
	for i := range 200 {
		places = append(places, &periplus.Place{Provider: "aws", Account: fmt.Sprint(i % 3), Zone: fmt.Sprint(i % 2), Interface: fmt.Sprintf("eni-%03d", i/2)})
	}
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var rows []periplus.Flow
	for hour := range 24 {
		at := start.Add(time.Duration(hour) * time.Hour)
		client, server := orders[rnd.IntN(len(orders))], orders[rnd.IntN(len(orders))]
		from := rnd.IntN(150)
		for i := range 1 + rnd.IntN(600) {
			rows = append(rows, periplus.Flow{Bucket: at, FirstSeen: at, LastSeen: at, Place: places[from+rnd.IntN(1+hour%50)], Client: client(i), Server: server(i)})
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := writeFlows(t.Context(), dir, 1, []Rows{seq(rows)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	column := slices.IndexFunc(layouts[Flows].columns, func(c column) bool { return c.name == "interface" })
	for _, f := range files {
		lo, hi := "", ""
		for got, err := range newFlowReader().rows(t.Context(), f.FilePath()) {
			if err != nil {
				t.Fatal(err)
			}
			want := &rows[0]
			rows = rows[1:]
			if *got.Place != *want.Place || got.Client != want.Client || got.Server != want.Server || !got.Bucket.Equal(want.Bucket) {
				t.Fatalf("%d rows before the end: %v %s %s %s\nwant %v %s %s %s", len(rows), *got.Place, got.Client, got.Server, got.Bucket,
					*want.Place, want.Client, want.Server, want.Bucket)
			}
			if at := want.Place.Interface; lo == "" {
				lo, hi = at, at
			} else {
				lo, hi = min(lo, at), max(hi, at)
			}
		}
		p, err := file.OpenParquetFile(f.FilePath(), false)
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.MetaData().RowGroup(0).ColumnChunk(column)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Statistics()
		if err != nil || string(s.EncodeMin()) != lo || string(s.EncodeMax()) != hi {
			t.Errorf("interfaces are said to be %s to %s, %v; want %s to %s", s.EncodeMin(), s.EncodeMax(), err, lo, hi)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(rows) > 0 {
		t.Errorf("%d rows were lost", len(rows))
	}
}

// Text that is no UTF-8 would make engines refuse the whole file.
func TestTextIsValid(t *testing.T) {
	fields := []periplus.Field[string]{
		{Name: "text", Get: func(s *string) any { return *s }},
		{Name: "bytes", Type: periplus.Varbinary, Get: func(s *string) any { return []byte(*s) }},
	}
	rows := []string{"a\xffb", "ab", "a\xffb", "ü"}
	path := filepath.Join(t.TempDir(), "rows.parquet")
	p, err := writeRows(path, fields, rows)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.close(); err != nil {
		t.Fatal(err)
	}
	var texts, bytes []string
	err = readRecords(t.Context(), path, func(r *record) error {
		texts, bytes = append(texts, r.text("text")), append(bytes, r.text("bytes"))
		return nil
	})
	if want := []string{"a\uFFFDb", "ab", "a\uFFFDb", "ü"}; err != nil || !slices.Equal(texts, want) || !slices.Equal(bytes, rows) {
		t.Errorf("text %q, bytes %q, %v; want %q, %q", texts, bytes, err, want, rows)
	}
}
