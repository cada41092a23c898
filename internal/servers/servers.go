// Package servers starts the real servers that tests talk to, each on a port of
// 127.0.0.1 of its own, with its data in a folder that goes away with the test:
// versitygw for S3, fake-gcs-server for Google Cloud Storage, Azurite for Azure
// Blob Storage, moto for other services of AWS, NATS. `make servers` installs
// them outside of the repository.
package servers

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gocloud.dev/blob"
)

// dir is where make servers puts them.
func dir() (string, error) {
	if d := os.Getenv("PERIPLUS_SERVERS"); d != "" {
		return d, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "periplus", "servers"), err
}

// program is the path of an installed one. A test is skipped without it, but
// not where everything must be tested.
func program(t testing.TB, rel string) string {
	t.Helper()
	d, err := dir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d, filepath.FromSlash(rel))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: run make servers", path)
		}
		t.Skipf("%s is not installed: run make servers", path)
	}
	return path
}

// A Store is a running server with one empty bucket.
type Store struct {
	Addr   string // host:port
	Bucket string // its address for source.Open: "s3://logs?…"; see With
	Root   string // folder of its objects, "" where they are in memory

	t       testing.TB
	command []string
	process *exec.Cmd
	log     *bytes.Buffer
}

// start runs a command until the test ends and waits until its port answers.
func start(t testing.TB, addr string, command ...string) *Store {
	t.Helper()
	s := &Store{Addr: addr, t: t, command: command}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Start runs the server again after Kill, with the data it had on disk.
func (s *Store) Start() {
	s.t.Helper()
	s.log = &bytes.Buffer{}
	s.process = exec.Command(s.command[0], s.command[1:]...)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.Kill()
			s.t.Fatalf("%s does not answer on %s: %v\n%s", s.command[0], s.Addr, err, s.log)
		}
	}
}

// Kill ends the server at once.
func (s *Store) Kill() {
	if s.process == nil {
		return
	}
	_ = syscall.Kill(-s.process.Process.Pid, syscall.SIGKILL) // it may have ended by itself
	_ = s.process.Wait()                                      // says that it was killed
	s.process = nil
}

// free is an address that nobody listens to.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// With is the bucket's address with a prefix.
func (s *Store) With(prefix string) string {
	name, query, _ := strings.Cut(s.Bucket, "?")
	if query != "" {
		query = "?" + query
	}
	return name + "/" + prefix + query
}

// Upload writes all files below a folder under their relative names.
func (s *Store) Upload(dir string) {
	s.t.Helper()
	b := s.open()
	defer b.Close()
	if err := Upload(context.Background(), b, dir); err != nil {
		s.t.Fatalf("upload to %s: %v", s.Bucket, err)
	}
}

// Upload writes all files below a folder into a bucket.
func Upload(ctx context.Context, b *blob.Bucket, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return b.WriteAll(ctx, filepath.ToSlash(name), text, nil)
	})
}

// Put writes one object.
func (s *Store) Put(key, text string) {
	s.t.Helper()
	b := s.open()
	defer b.Close()
	if err := b.WriteAll(context.Background(), key, []byte(text), nil); err != nil {
		s.t.Fatalf("put %s: %v", key, err)
	}
}

func (s *Store) open() *blob.Bucket {
	s.t.Helper()
	b, err := blob.OpenBucket(context.Background(), s.Bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// S3 starts versitygw over a folder.
func S3(t testing.TB) *Store {
	t.Helper()
	return S3With(t)
}

// S3With is S3 with options of versitygw's own, such as whom it tells of what
// was written.
func S3With(t testing.TB, options ...string) *Store {
	t.Helper()
	bin, addr, root := program(t, "bin/versitygw"), free(t), t.TempDir()
	for _, d := range []string{"data/logs", "side", "iam"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "periplus")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "periplus-secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	command := append([]string{bin, "--access", "periplus", "--secret", "periplus-secret", "--region", "us-east-1", "--port", addr, "--quiet", "--iam-dir", filepath.Join(root, "iam")}, options...)
	s := start(t, addr, append(command, "posix", "--sidecar", filepath.Join(root, "side"), filepath.Join(root, "data"))...)
	s.Root = filepath.Join(root, "data", "logs")
	s.Bucket = "s3://logs?region=us-east-1&use_path_style=true&endpoint=http://" + addr
	return s
}

// User makes a user of an S3 server's own who may do nothing until a policy of
// the bucket says so. Its secret is its name.
func (s *Store) User(name string) {
	s.t.Helper()
	cmd := exec.Command(s.command[0], "admin", "--access", "periplus", "--secret", "periplus-secret", "--endpoint-url", "http://"+s.Addr,
		"create-user", "--access", name, "--secret", name, "--role", "user")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("make the user %s: %v\n%s", name, err, out)
	}
}

// GCS starts fake-gcs-server over a folder.
func GCS(t testing.TB) *Store {
	t.Helper()
	bin, addr, root := program(t, "bin/fake-gcs-server"), free(t), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	t.Setenv("STORAGE_EMULATOR_HOST", addr)
	s := start(t, addr, bin, "-scheme", "http", "-host", "127.0.0.1", "-port", port, "-public-host", addr, "-backend", "filesystem", "-filesystem-root", root, "-log-level", "error")
	s.Root = filepath.Join(root, "logs")
	s.Bucket = "gs://logs"
	return s
}

// Azure starts Azurite's blob service with one container.
func Azure(t testing.TB) *Store {
	t.Helper()
	bin, addr, root := program(t, "npm/node_modules/azurite/dist/src/blob/main.js"), free(t), t.TempDir()
	host, port, _ := net.SplitHostPort(addr)
	// The account and key that the emulator's own documentation gives.
	t.Setenv("AZURE_STORAGE_ACCOUNT", "devstoreaccount1")
	t.Setenv("AZURE_STORAGE_KEY", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")
	s := start(t, addr, "node", bin, "--blobHost", host, "--blobPort", port, "--location", root, "--silent", "--skipApiVersionCheck", "--loose")
	s.Bucket = fmt.Sprintf("azblob://logs?protocol=http&localemu=true&domain=%s", addr)
	makeContainer(t, addr)
	return s
}
