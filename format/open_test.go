package format

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/periplus/periplus/periplus"
)

const oneLine = "2 111122223333 eni-0aaa 10.0.1.10 10.0.2.20 50001 443 6 10 1000 1700000000 1700000060 ACCEPT OK\n"

func gzipped(t testing.TB, data string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t testing.TB, data string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(data), nil)
}

// readAll reads in batches of 3, so that batch ends fall everywhere, and copies
// what a reader owns.
func readAll(r periplus.Reader) ([]periplus.Record, error) {
	var all []periplus.Record
	batch := make([]periplus.Record, 3)
	for {
		n, err := r.Read(batch)
		for _, rec := range batch[:n] {
			rec.Extra = append([]periplus.Column(nil), rec.Extra...)
			all = append(all, rec)
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

func TestOpenCompressed(t *testing.T) {
	f := func(name string, in []byte, want int) {
		t.Helper()
		o, err := Open(bytes.NewReader(in), Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := readAll(o.Reader)
		if err != nil || len(got) != want || o.Format.Name != "aws-text" {
			t.Errorf("%s: %d records as %s, %v; want %d as aws-text", name, len(got), o.Format.Name, err, want)
		}
	}
	f("plain", []byte(oneLine), 1)
	f("gzip", gzipped(t, oneLine), 1)
	f("zstd", zstded(t, oneLine), 1)
	f("members", append(gzipped(t, oneLine), gzipped(t, oneLine)...), 2)
	f("gzip in gzip", gzipped(t, string(gzipped(t, oneLine))), 1)
	f("gzip in zstd", zstded(t, string(gzipped(t, oneLine))), 1)
	f("large", gzipped(t, strings.Repeat(oneLine, 20000)), 20000)
}

func TestOpenCut(t *testing.T) {
	var many strings.Builder
	for i := range 20000 {
		many.WriteString(strings.Replace(oneLine, "50001", string(rune('1'+i%9))+strings.Repeat("7", i%4), 1))
	}
	for name, whole := range map[string][]byte{"gzip": gzipped(t, many.String()), "zstd": zstded(t, many.String())} {
		o, err := Open(bytes.NewReader(whole[:len(whole)*9/10]), Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := readAll(o.Reader)
		if !errors.Is(err, ErrCut) || len(got) == 0 || len(got) >= 20000 {
			t.Errorf("%s: %d records, %v; want some of 20000 and ErrCut", name, len(got), err)
		}
		if bad := o.Reader.Stats().BadTotal(); bad != 0 {
			t.Errorf("%s: %d bad lines; the cut one is no line", name, bad)
		}
		damaged := bytes.Clone(whole)
		for i := len(damaged) / 2; i < len(damaged)/2+40; i++ {
			damaged[i] ^= 0x5a
		}
		got = nil
		if o, err = Open(bytes.NewReader(damaged), Options{}); err == nil {
			got, err = readAll(o.Reader)
		}
		if !errors.Is(err, ErrCut) {
			t.Errorf("%s, damaged: %d records, %v; want ErrCut", name, len(got), err)
		}
	}
	if _, err := Open(bytes.NewReader(gzipped(t, oneLine)[:12]), Options{}); !errors.Is(err, ErrCut) {
		t.Errorf("a gzip of 12 bytes: %v, want ErrCut", err)
	}
}

func TestOpenNothing(t *testing.T) {
	f := func(in []byte, want error, text string) {
		t.Helper()
		_, err := Open(bytes.NewReader(in), Options{})
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("Open(%.20q): %v; want %v and %q", in, err, want, text)
		}
	}
	f(nil, ErrEmpty, "")
	f([]byte(" \n\n"), ErrEmpty, "")
	f(gzipped(t, ""), ErrEmpty, "")
	f([]byte("Phony unsupported log format.\n"), ErrUnknown, "periplus formats")
	f([]byte("\x00\x01\x02junk"), ErrUnknown, "--log-format")
	f([]byte("{}"), ErrUnknown, "--log-format")
	_, err := Open(strings.NewReader(oneLine), Options{Format: "nonsense"})
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `"nonsense"`) {
		t.Errorf("format nonsense: %v", err)
	}
	broken := errors.New("the disk is on fire")
	if _, err := Open(io.MultiReader(strings.NewReader(""), errReader{broken}), Options{}); !errors.Is(err, broken) {
		t.Errorf("a failing disk: %v, want its own error", err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
