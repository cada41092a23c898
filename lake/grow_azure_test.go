package lake

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/periplus/periplus/internal/servers"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/source"
)

// A blockBlob is one that a test commits block by block, as Azure's flow logs
// are: an opener, a block a record, a closer.
type blockBlob struct {
	t      *testing.T
	client *blockblob.Client
	ids    []string // staged, without the closer
	n      int
}

func newBlockBlob(t *testing.T, s *servers.Store, key string) *blockBlob {
	t.Helper()
	account := os.Getenv("AZURE_STORAGE_ACCOUNT")
	cred, err := container.NewSharedKeyCredential(account, os.Getenv("AZURE_STORAGE_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := container.NewClientWithSharedKeyCredential("http://"+s.Addr+"/"+account+"/logs", cred, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &blockBlob{t: t, client: client.NewBlockBlobClient(key)}
}

// stage uploads a block and returns its id.
func (b *blockBlob) stage(text []byte) string {
	b.t.Helper()
	b.n++
	id := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "block-%06d", b.n))
	if _, err := b.client.StageBlock(b.t.Context(), id, streaming.NopCloser(bytes.NewReader(text)), nil); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// add appends a block; it shows after commit.
func (b *blockBlob) add(text []byte) { b.ids = append(b.ids, b.stage(text)) }

func (b *blockBlob) commit(closed bool) {
	b.t.Helper()
	ids := slices.Clone(b.ids)
	if closed {
		ids = append(ids, b.stage([]byte("]}")))
	}
	if _, err := b.client.CommitBlockList(b.t.Context(), ids, nil); err != nil {
		b.t.Fatal(err)
	}
}

// A blob of blocks in a real store is read on, as long as the store says that
// its earlier blocks are the same.
func TestGrowingBlobInAzure(t *testing.T) {
	s := servers.Azure(t)
	g := growingOf(t, "azure-vnet-both-observers", 4)
	rel := ""
	for other, b := range g.blobs {
		if rel == "" || len(b) > len(g.blobs[rel]) || len(b) == len(g.blobs[rel]) && other < rel {
			rel = other
		}
	}
	text := g.blobs[rel]
	var records [][]byte
	from := len(`{"records":[`)
	for _, m := range nextRecord.FindAllIndex(text, -1) {
		records = append(records, text[from:m[0]])
		from = m[0]
	}
	records = append(records, text[from:len(text)-len("]}")])

	key := strings.TrimPrefix(rel, "azure/insights-logs-flowlogflowevent/")
	blob := newBlockBlob(t, s, key)
	blob.add([]byte(`{"records":[`))
	l := openTest(t, t.TempDir())
	read := func(l *Lake) *Summary {
		t.Helper()
		set, err := source.Open(t.Context(), []string{s.Bucket}, source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer set.Close()
		in := Ingest{Lake: l, Source: &source.Prefetch{Source: set}}
		sum, err := in.Run(t.Context())
		if err != nil || sum.Failed > 0 {
			t.Fatal(sum.Failures, err)
		}
		return sum
	}
	afresh := func(what string) {
		t.Helper()
		whole := openTest(t, t.TempDir())
		read(whole)
		sameLake(t, what, l, whole)
		whole.Close()
	}
	var grown int64
	for i, r := range records {
		blob.add(r)
		if i%4 != 3 && i < len(records)-1 {
			continue
		}
		blob.commit(i%8 != 3)
		sum := read(l)
		grown += sum.Grown
		if again := read(l); again.Objects != 0 {
			t.Errorf("%d objects were read again though nothing changed", again.Objects)
		}
		if i%16 == 15 {
			afresh(fmt.Sprintf("record %d", i))
		}
	}
	afresh("all")
	if grown < 3 {
		t.Errorf("it was read on %d times, want more", grown)
	}
	// The same bytes in another first block: the store does not vouch for them.
	blob.ids[0] = blob.stage([]byte(`{"records":[`))
	blob.add([]byte(`,` + string(records[len(records)-1][1:])))
	blob.commit(true)
	if sum := read(l); sum.Grown != 0 || sum.Changed != 1 {
		t.Errorf("with another first block %d of %d were read on, want it whole", sum.Grown, sum.Changed)
	}
	afresh("another first block")
}

var _ periplus.OffsetOpener = (*source.Set)(nil)
