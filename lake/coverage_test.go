package lake

import (
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/periplus"
)

// coverageTable reads the table.
func coverageTable(t testing.TB, l *Lake) (rows []periplus.Coverage) {
	t.Helper()
	files, err := l.Files(t.Context(), Coverage, 0, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		err := readRecords(t.Context(), path, func(r *record) error {
			rows = append(rows, readCoverage(r))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

// TestCoverageTellsBadAndLate: bad lines stand with the log that the name
// tells, records that come after their hour was built are late, and what is
// read anew is neither twice.
func TestCoverageTellsBadAndLate(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	name := func(part string) string {
		return "s3://b/AWSLogs/123456789010/vpcflowlogs/eu-west-1/2026/11/01/123456789010_vpcflowlogs_eu-west-1_fl-0a_20261101T1000Z_" + part + ".log"
	}
	l := openTest(t, t.TempDir())
	src := &fakeSource{text: map[string]string{name("1"): awsLog(0, 20, at) + "nonsense\n2 more\n"}}
	f := func(records, late, bad int64) {
		t.Helper()
		var got periplus.Coverage
		for _, c := range coverageTable(t, l) {
			if c.Bad != 0 && (c.Log != "fl-0a" || c.Account != "123456789010" || c.Interface != "" || !c.Hour.Equal(at)) {
				t.Errorf("bad lines stand at %+v", c)
			}
			got.Records, got.Late, got.Bad = got.Records+c.Records, got.Late+c.Late, got.Bad+c.Bad
		}
		if got.Records != records || got.Late != late || got.Bad != bad {
			t.Errorf("%d records, %d late, %d bad; want %d, %d, %d", got.Records, got.Late, got.Bad, records, late, bad)
		}
	}
	ingest(t, l, src)
	f(20, 0, 2)
	// Nothing is built yet, so nothing is late.
	src.text[name("2")] = awsLog(1, 5, at)
	ingest(t, l, src)
	f(25, 0, 2)
	if err := l.ReplaceTraffic(t.Context(), StepHour, at, at.Add(time.Hour), nil); err != nil {
		t.Fatal(err)
	}
	// The first grew by 10 records in a built hour, and one bad line was mended.
	src.text[name("1")] = awsLog(0, 30, at) + "nonsense\n"
	ingest(t, l, src)
	f(35, 10, 1)
	src.text[name("1")] = strings.TrimSuffix(src.text[name("1")], "nonsense\n")
	ingest(t, l, src)
	f(35, 10, 0)
	if err := l.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	f(35, 10, 0)
	_, now := news(t, l)
	for log := range now.Logs {
		if log.Interface == "" {
			t.Errorf("bad lines made a log of their own: %+v", log)
		}
	}
}
