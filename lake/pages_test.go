package lake

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// pageRow has a value for every kind of column; null where it is nil.
type pageRow struct {
	long, short, rare, rareShort        int64
	nullLong, nullShort, text, nullText any
	truth                               bool
}

// "bucket" and "protocol" are among fewValues.
var pageFields = []periplus.Field[pageRow]{
	{Name: "long", Type: periplus.Bigint, Get: func(r *pageRow) any { return r.long }},
	{Name: "null_long", Type: periplus.Bigint, Null: true, Get: func(r *pageRow) any { return r.nullLong }},
	{Name: "short", Type: periplus.Integer, Get: func(r *pageRow) any { return r.short }},
	{Name: "null_short", Type: periplus.Integer, Null: true, Get: func(r *pageRow) any { return r.nullShort }},
	{Name: "bucket", Type: periplus.Bigint, Get: func(r *pageRow) any { return r.rare }},
	{Name: "protocol", Type: periplus.Integer, Get: func(r *pageRow) any { return r.rareShort }},
	{Name: "text", Get: func(r *pageRow) any { return r.text }},
	{Name: "null_text", Null: true, Get: func(r *pageRow) any { return r.nullText }},
	{Name: "truth", Type: periplus.Boolean, Get: func(r *pageRow) any { return r.truth }},
}

// pageShapes make a number of row i: what encoders treat apart.
var pageShapes = map[string]func(r *rand.Rand, i int) int64{
	"one":   func(*rand.Rand, int) int64 { return -7 },
	"step":  func(_ *rand.Rand, i int) int64 { return int64(i) },
	"runs":  func(_ *rand.Rand, i int) int64 { return int64(i / 13 % 5) },
	"mixed": func(r *rand.Rand, i int) int64 { return int64(i/40%2) * r.Int64N(300) },
	"ends":  func(r *rand.Rand, i int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0, -1}[r.IntN(4)] },
	"any":   func(r *rand.Rand, i int) int64 { return int64(r.Uint64()) },
}

// TestPages reads back what pages of every size and shape hold, and what the
// statistics say of them.
func TestPages(t *testing.T) {
	for name, shape := range pageShapes {
		for _, n := range []int{1, 2, 7, 8, 9, 32, 33, 128, 129, 130, 257, 5000} {
			for _, nulls := range []string{"none", "all", "some"} {
				t.Run(fmt.Sprint(name, "/", n, "/", nulls), func(t *testing.T) { testPages(t, n, nulls, shape) })
			}
		}
	}
}

func testPages(t *testing.T, n int, nulls string, shape func(*rand.Rand, int) int64) {
	rnd := rand.New(rand.NewPCG(uint64(n), 5))
	rows := make([]pageRow, n)
	for i := range rows {
		v := shape(rnd, i)
		r := &rows[i]
		*r = pageRow{long: v, short: int64(int32(v)), rare: v, rareShort: int64(int32(v)), text: strings.Repeat("x", int(uint64(v)%3)) + fmt.Sprint(v), truth: v&1 != 0}
		if nulls == "none" || nulls == "some" && rnd.IntN(3) > 0 {
			r.nullLong, r.nullShort, r.nullText = v, int64(int32(v)), fmt.Sprint(v)
		}
	}
	path := filepath.Join(t.TempDir(), "x.parquet")
	p, err := writeRows(path, pageFields, rows)
	if err != nil {
		t.Fatal(err)
	}
	meta, size, err := p.close()
	if err != nil {
		t.Fatal(err)
	}
	if meta.NumRows != int64(n) || size == 0 {
		t.Errorf("%d rows in %d bytes; want %d", meta.NumRows, size, n)
	}
	least, greatest := int64(math.MaxInt64), int64(math.MinInt64)
	i := 0
	err = readRecords(t.Context(), path, func(r *record) error {
		for _, f := range pageFields {
			var got any
			switch c := r.cols[f.Name]; {
			case c.IsNull(r.at):
			case f.Type == periplus.Boolean:
				got = r.truth(f.Name)
			case f.Type == periplus.Bigint || f.Type == periplus.Integer:
				got = r.number(f.Name)
			default:
				got = r.text(f.Name)
			}
			if want := f.Get(&rows[i]); got != want {
				return fmt.Errorf("row %d, %s: %v; want %v", i, f.Name, got, want)
			}
		}
		least, greatest = min(least, rows[i].long), max(greatest, rows[i].long)
		i++
		return nil
	})
	if err != nil || i != n {
		t.Fatalf("%d rows read, %v; want %d", i, err, n)
	}
	for _, name := range []string{"long", "bucket", "null_long"} {
		chunk, err := meta.RowGroup(0).ColumnChunk(meta.Schema.ColumnIndexByName(name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := chunk.Statistics()
		if err != nil {
			t.Fatal(err)
		}
		if name == "null_long" {
			if want := map[string]bool{"none": s.NullCount() == 0, "all": s.NullCount() == int64(n) && !s.HasMinMax(), "some": s.NullCount() < int64(n) || n < 3}; !want[nulls] {
				t.Errorf("%s: %d nulls of %d, bounds %v", name, s.NullCount(), n, s.HasMinMax())
			}
			continue
		}
		lo, hi := int64(binary.LittleEndian.Uint64(s.EncodeMin())), int64(binary.LittleEndian.Uint64(s.EncodeMax()))
		if lo != least || hi != greatest {
			t.Errorf("%s: from %d to %d; want %d to %d", name, lo, hi, least, greatest)
		}
	}
}
