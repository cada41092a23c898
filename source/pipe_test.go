//go:build unix

package source

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/periplus/periplus/periplus"
)

// A pipe that nobody writes into, or goes on writing into, holds nobody up who
// wants to stop.
func TestPipeStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	o := &periplus.Object{URI: FileURI(path), Size: -1}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := new(Files).Open(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("opened without a writer: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	in, err := new(Files).Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := w.WriteString("x"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8)
	if n, err := in.Read(b); n != 1 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	cancel()
	if _, err := in.Read(b); err == nil {
		t.Error("a read that waits goes on")
	}
}
