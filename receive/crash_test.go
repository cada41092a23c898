package receive

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/lake"
)

// The child of TestCrash is a receiver over a lake, which may kill itself
// between a commit and its answers.
const (
	crashDir = "PERIPLUS_TEST_RECEIVE_LAKE"
	crashDie = "PERIPLUS_TEST_RECEIVE_DIE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func crashChild(dir string) error {
	l, err := lake.Create(context.Background(), dir, lake.Fleeting)
	if err != nil {
		return err
	}
	r := &Receiver{Ingest: lake.Ingest{Lake: l}, Every: 5 * time.Millisecond}
	if os.Getenv(crashDie) != "" {
		r.committed = func() {
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return r.Serve(context.Background(), ln, nil)
}

func startChild(t *testing.T, dir string, die bool) (url string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	if die {
		cmd.Env = append(cmd.Env, crashDie+"=1")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + strings.TrimSpace(addr), func() {
		cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
	}
}

// Killed between the commit and the answer, the sender hears nothing and sends
// it again: it counts once.
func TestCrash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	for round := range 3 {
		id := fmt.Sprintf("id-%d", round)
		for _, die := range []bool{true, true, false, false} {
			url, end := startChild(t, dir, die)
			res, err := http.Post(url+"/firehose", "application/json", strings.NewReader(envelope(id, line(1), line(2))))
			if err == nil {
				res.Body.Close()
			}
			if die && err == nil {
				t.Fatalf("killed before the answer, it answered %d", res.StatusCode)
			}
			if !die && (err != nil || res.StatusCode != 200) {
				t.Fatalf("sent again: %v %v", res, err)
			}
			end()
		}
		l, err := lake.Open(t.Context(), dir, lake.Fleeting)
		if err != nil {
			t.Fatal(err)
		}
		if objects, records := ledger(t, l); objects != int64(round+1) || records != 2*int64(round+1) {
			t.Errorf("after round %d the lake holds %d objects, %d records", round, objects, records)
		}
		l.Close()
	}
}

// certificate makes one for 127.0.0.1.
func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "receiver"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestTLSAndSlowBodies(t *testing.T) {
	cert := certificate(t)
	r := &Receiver{Ingest: lake.Ingest{Lake: openLake(t, filepath.Join(t.TempDir(), "lake"))}, Every: 5 * time.Millisecond, Slow: 300 * time.Millisecond}
	ctx, stop := context.WithCancel(t.Context())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, ln, &tls.Config{Certificates: []tls.Certificate{cert}}) }()
	pool := x509.NewCertPool()
	pool.AddCert(cert.Leaf)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	url := "https://" + ln.Addr().String() + "/firehose"
	res, err := client.Post(url, "application/json", strings.NewReader(envelope("id-1", line(1))))
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("over TLS: %v, %v", res, err)
	}
	res.Body.Close()
	// A body that stops coming is not waited for; what it took is given back.
	slow, write := io.Pipe()
	defer write.Close()
	go write.Write([]byte(`{"requestId":"id-2",`))
	res, err = client.Post(url, "application/json", slow)
	if err == nil {
		res.Body.Close()
		if res.StatusCode != http.StatusRequestTimeout {
			t.Errorf("a slow body is answered with %d, want 408", res.StatusCode)
		}
	}
	write.CloseWithError(io.ErrUnexpectedEOF)
	for deadline := time.Now().Add(time.Minute); r.Counts().Held > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if c := r.Counts(); c.Held != 0 || c.Malformed != 1 || c.Accepted != 1 {
		t.Errorf("counts %+v", c)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
