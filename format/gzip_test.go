package format

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
)

// TestGzip holds the inflater of this build (the tag isal chooses it) against
// what went in, over sizes, levels, members and ways of reading.
func TestGzip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int{0, 1, 100, 65535, 65536, 262144, 1 << 20, 3<<20 + 7} {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = "0123456789 .-abcdefghij"[rnd.IntN(1+rnd.IntN(23))]
		}
		for _, level := range []int{0, 1, 6, 9} {
			var packed bytes.Buffer
			w, err := gzip.NewWriterLevel(&packed, level)
			if err != nil {
				t.Fatal(err)
			}
			for part := range 3 { // three members
				if _, err := w.Write(plain[size*part/3 : size*(part+1)/3]); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				w.Reset(&packed)
			}
			for name, in := range map[string]io.Reader{
				"whole":  bytes.NewReader(packed.Bytes()),
				"halves": iotest.HalfReader(bytes.NewReader(packed.Bytes())),
				"late":   iotest.DataErrReader(bytes.NewReader(packed.Bytes())),
			} {
				r, err := newGzip(in)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(iotest.HalfReader(r))
				if err != nil || !bytes.Equal(got, plain) {
					t.Errorf("%d bytes, level %d, %s: %d bytes, %v", size, level, name, len(got), err)
				}
			}
			gzipCut(t, packed.Bytes(), plain)
		}
	}
}

// gzipCut checks what a cut or damaged stream gives: a beginning and an error.
func gzipCut(t *testing.T, packed, plain []byte) {
	t.Helper()
	read := func(b []byte) ([]byte, error) {
		r, err := newGzip(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	got, err := read(packed[:len(packed)-3])
	if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(plain, got) {
		t.Errorf("cut: %d of %d bytes, %v", len(got), len(plain), err)
	}
	damaged := bytes.Clone(packed)
	damaged[len(damaged)-8] ^= 1 // the last member's checksum
	if got, err := read(damaged); err == nil {
		t.Errorf("wrong checksum: %d bytes and no error", len(got))
	}
	if _, err := read(append(bytes.Clone(packed), "junk behind it"...)); err == nil {
		t.Error("junk behind the last member: no error")
	}
}

func BenchmarkGzip(b *testing.B) {
	plain := awsLog(100000)
	packed := gzipped(b, string(plain))
	b.SetBytes(int64(len(plain)))
	buf := make([]byte, 128<<10)
	for b.Loop() {
		r, err := newGzip(bytes.NewReader(packed))
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = r.Read(buf)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
}
