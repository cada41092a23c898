package lake

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/periplus/periplus/periplus"
)

func TestSchemasAreTheColumnTables(t *testing.T) {
	l := openTest(t, t.TempDir())
	want := map[string]int{Flows: len(periplus.FlowFields), Traffic: len(periplus.TrafficFields),
		Endpoints: len(periplus.EndpointFields), Objects: len(periplus.ObjectFields), Coverage: len(periplus.CoverageFields)}
	for _, name := range Tables {
		tbl, err := l.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		fields := tbl.Schema().Fields()
		if len(fields) != want[name] {
			t.Errorf("%s has %d columns, want %d", name, len(fields), want[name])
		}
		for i, c := range layouts[name].columns {
			f := fields[i]
			if f.Name != c.name || f.ID != c.id || f.Required == c.null || f.Doc != c.doc || !f.Type.Equals(icebergType(c.typ)) {
				t.Errorf("%s: column %v, want %+v", name, f, c)
			}
		}
	}
	f := func(name, want string) {
		t.Helper()
		tbl, err := l.load(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		spec := tbl.Spec()
		for _, p := range spec.Fields() {
			got = append(got, p.Name+" "+p.Transform.String())
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s is partitioned by %v, want %s", name, got, want)
		}
	}
	f(Flows, "bucket_hour hour")
	f(Traffic, "step identity, bucket_day day")
	f(Coverage, "hour_day day")
	f(Endpoints, "")
	f(Objects, "")
}

func TestWriteEndpoints(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	if mark, err := l.EndpointsMark(ctx); err != nil || mark != "" {
		t.Errorf("mark of no endpoints = %q, %v", mark, err)
	}
	row := periplus.Endpoint{Address: netip.MustParseAddr("10.0.0.1"), Network: "vpc-1", ValidFrom: day0, ValidTo: periplus.Forever,
		Kind: "own", Name: "web", Role: "aws.ec2", ASN: 64512, Tags: []periplus.Column{{Name: "team", Value: "a=b"}}, NamedBy: "file"}
	other := row
	other.Address = netip.MustParseAddr("2001:db8::1")
	if err := l.WriteEndpoints(ctx, []periplus.Endpoint{row, other}, "one"); err != nil {
		t.Fatal(err)
	}
	if err := l.WriteEndpoints(ctx, []periplus.Endpoint{other}, "two"); err != nil {
		t.Fatal(err)
	}
	mark, err := l.EndpointsMark(ctx)
	if err != nil || mark != "two" {
		t.Errorf("mark = %q, %v; want two", mark, err)
	}
	files, err := l.Files(ctx, Endpoints, 0, time.Time{}, time.Time{})
	if err != nil || len(files) != 1 {
		t.Fatalf("files = %v, %v; want one", files, err)
	}
	n := 0
	err = readRecords(ctx, files[0], func(r *record) error {
		n++
		ip := other.Address.As16()
		if r.text("address") != "2001:db8::1" || r.text("ip") != string(ip[:]) || r.number("asn") != 64512 ||
			r.text("tags") != "team=a%3Db" || !r.time("valid_to").Equal(periplus.Forever) {
			t.Errorf("read back %s %x %d %s %s", r.text("address"), r.text("ip"), r.number("asn"), r.text("tags"), r.time("valid_to"))
		}
		return nil
	})
	if err != nil || n != 1 {
		t.Errorf("%d rows, %v; want 1", n, err)
	}
	before, err := l.FactsMark(ctx)
	if err != nil {
		t.Fatal(err)
	}
	commitFlows(t, l, "a", flowsAt(1))
	if after, err := l.FactsMark(ctx); err != nil || after == before {
		t.Errorf("FactsMark stays %q after a commit, %v", after, err)
	}
	if err := l.WriteEndpoints(ctx, nil, "none"); err != nil {
		t.Fatal(err)
	}
	if files, err := l.Files(ctx, Endpoints, 0, time.Time{}, time.Time{}); err != nil || len(files) != 0 {
		t.Errorf("files of no endpoints = %v, %v", files, err)
	}
}

// Another tool may delete rows by delete files; they are refused, not ignored.
func TestDeleteFilesAreRefused(t *testing.T) {
	ctx := t.Context()
	l := openTest(t, t.TempDir())
	commitFlows(t, l, "a", makeFlows(1, 100, 1))
	tbl, err := l.load(ctx, Flows)
	if err != nil {
		t.Fatal(err)
	}
	tx := tbl.NewTransaction()
	if err := tx.SetProperties(iceberg.Properties{table.WriteDeleteModeKey: table.WriteModeMergeOnRead}); err != nil {
		t.Fatal(err)
	}
	if tbl, err = tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := tbl.Delete(ctx, iceberg.EqualTo(iceberg.Reference("verdict"), "denied"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Files(ctx, Flows, 0, time.Time{}, time.Time{}); err == nil || !strings.Contains(err.Error(), "delete files") {
		t.Errorf("Files of a table with delete files: %v, want a refusal", err)
	}
	if _, err := l.Stale(ctx, time.Time{}, time.Time{}); err == nil {
		t.Error("Stale of a table with delete files: want a refusal")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	f := func(dir, want string) {
		t.Helper()
		if _, err := Open(t.Context(), dir, Fleeting); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s) = %v, want an error with %q", dir, err, want)
		}
	}
	f(t.TempDir(), "no lake")
	f(t.TempDir()+"/missing", "no lake")
	f(t.TempDir()+"/50%", "no '%' in its name")
}

// A lake keeps absolute names, so it is opened by its real one whatever link
// leads to it.
func TestLakeBehindALink(t *testing.T) {
	real, link := t.TempDir(), t.TempDir()+"/link"
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	l := openTest(t, link+"/new/lake")
	commitFlows(t, l, "a", makeFlows(1, 10, 1))
	for _, dir := range []string{link + "/new/lake", real + "/new/lake"} {
		again, err := Open(t.Context(), dir, Fleeting)
		if err != nil {
			t.Fatal(err)
		}
		if got := lakeTotals(t, again); got.rows != 10 {
			t.Errorf("%s holds %d rows, want 10", dir, got.rows)
		}
		again.Close()
	}
	if err := os.Rename(real+"/new", real+"/old"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), real+"/old/lake", Fleeting); err == nil || !strings.Contains(err.Error(), "was moved here from") {
		t.Errorf("a lake that was moved: %v, want an error that says so", err)
	}
}
