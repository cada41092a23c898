package lake

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/apache/iceberg-go"
)

// A commit that another tool was faster than leaves nothing behind, says what it
// was, and is made again on what the other tool left.
func TestOtherToolCommits(t *testing.T) {
	log.SetOutput(io.Discard) // the library's words about files that both want to remove
	defer log.SetOutput(os.Stderr)
	for range 10 {
		if n := overtaken(t); n > 0 {
			t.Logf("%d conflicts", n)
			return
		}
	}
	t.Error("the other tool was never faster: nothing was tested")
}

// overtaken reads logs while another tool commits without end, and returns how
// often that was faster.
func overtaken(t *testing.T) (conflicts int) {
	t.Helper()
	dir := t.TempDir()
	l, other := openTest(t, dir), openTest(t, dir)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { // it takes no lock of ours
		defer close(over)
		for n := 0; ctx.Err() == nil; n++ {
			tbl, err := other.cat.LoadTable(ctx, []string{Namespace, Flows})
			if err != nil {
				continue
			}
			tx := tbl.NewTransaction()
			if tx.SetProperties(iceberg.Properties{"other.tool": strconv.Itoa(n)}) == nil {
				_, _ = tx.Commit(ctx) // or we were faster
			}
		}
	}()
	in := Ingest{Lake: l, Source: crashSource(), BatchObjects: 1}
	for deadline := time.Now().Add(time.Minute); ; {
		_, err := in.Run(t.Context())
		if err == nil {
			break
		}
		if errors.Is(err, ErrConflict) {
			conflicts++
		}
		if time.Now().After(deadline) {
			t.Errorf("%d conflicts in a minute, the last error is %v", conflicts, err)
			break
		}
	}
	stop()
	<-over
	ingest(t, l, crashSource())
	checkWhole(t, dir, "with another tool that commits")
	return conflicts
}
