package servers

import (
	"net"
	"testing"
)

// NATS starts a nats-server with JetStream at nats://Addr. Its streams are on
// disk, so they outlive Kill and Start. It has no Bucket.
func NATS(t testing.TB) *Store {
	t.Helper()
	bin, addr := program(t, "bin/nats-server"), free(t)
	host, port, _ := net.SplitHostPort(addr)
	return start(t, addr, bin, "--addr", host, "--port", port, "--jetstream", "--store_dir", t.TempDir())
}
