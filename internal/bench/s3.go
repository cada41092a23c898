package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"gocloud.dev/blob"

	"github.com/periplus/periplus/internal/servers"
)

// s3Rounds is how often each way is measured; the two take turns.
const s3Rounds = 5

// s3 measures what reading from an S3 server on loopback costs `periplus
// ingest` beside reading the same files from disk: its own process only, the
// server's work is not counted.
func (b *bench) s3(ctx context.Context, versitygw string) (err error) {
	files := (b.records + perFile - 1) / perFile
	logs := filepath.Join(b.dir, "logs")
	size, err := b.logs(ctx, logs, files)
	if err != nil {
		return err
	}
	address, stop, err := serveS3(ctx, versitygw, filepath.Join(b.dir, "s3"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	fmt.Fprintf(os.Stderr, "writing %d files to %s …\n", files, address)
	if err := upload(ctx, address, logs); err != nil {
		return fmt.Errorf("upload to %s: %w", address, err)
	}
	fmt.Fprintf(b.out, "%d records, %d files, %d MB of gzip, %d cores, load %s, %d rounds\n\n", int64(files)*perFile, files, size/1e6, runtime.NumCPU(), load(), s3Rounds)
	fmt.Fprintln(b.out, "| | CPU s, median | least | most | of disk's | wall s, median | of disk's | peak MiB |\n|---|---:|---:|---:|---:|---:|---:|---:|")
	for _, p := range []struct{ name, path string }{{"periplus ingest", b.periplus}, {"periplus ingest, isal", b.isal}} {
		if p.path == "" {
			continue
		}
		if err := b.againstDisk(ctx, p.name, p.path, logs, address, int64(files)*perFile); err != nil {
			return err
		}
	}
	return nil
}

// againstDisk prints the two rows of a binary.
func (b *bench) againstDisk(ctx context.Context, name, path, logs, address string, records int64) error {
	dir := filepath.Join(b.dir, "lake")
	ways := [2]struct {
		name, source string
		all          []took
	}{{name + ", from disk", logs, nil}, {name + ", from S3", address, nil}}
	for range s3Rounds {
		for i := range ways {
			w := &ways[i]
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			t, err := measure(ctx, w.name, path, "ingest", "--quiet", "--flows-only", "--lake", dir, w.source)
			if err != nil {
				return err
			}
			_, got, _, err := lakeRows(ctx, dir)
			if err != nil {
				return err
			}
			if got != records {
				return fmt.Errorf("%s: the lake holds %d records, want %d", w.name, got, records)
			}
			w.all = append(w.all, t)
		}
	}
	var disk took
	for i, w := range ways {
		m := took{cpu: middle(w.all, func(t took) time.Duration { return t.cpu }), wall: middle(w.all, func(t took) time.Duration { return t.wall })}
		for _, t := range w.all {
			m.rss = max(m.rss, t.rss)
		}
		if i == 0 {
			disk = m
		}
		slices.SortFunc(w.all, func(x, y took) int { return int(x.cpu - y.cpu) })
		fmt.Fprintf(b.out, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %d |\n", w.name, m.cpu.Seconds(), w.all[0].cpu.Seconds(), w.all[len(w.all)-1].cpu.Seconds(),
			m.cpu.Seconds()/disk.cpu.Seconds(), m.wall.Seconds(), m.wall.Seconds()/disk.wall.Seconds(), m.rss>>20)
	}
	return nil
}

// middle is the median of what several runs took.
func middle(all []took, of func(took) time.Duration) time.Duration {
	list := make([]time.Duration, len(all))
	for i, t := range all {
		list[i] = of(t)
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// serveS3 starts the server over a fresh folder and returns the address of its
// one bucket.
func serveS3(ctx context.Context, program, root string) (address string, stop func() error, err error) {
	if err := os.RemoveAll(root); err != nil {
		return "", nil, err
	}
	for _, d := range []string{"data/logs", "side", "iam"} {
		if err := os.MkdirAll(filepath.Join(root, filepath.FromSlash(d)), 0o755); err != nil {
			return "", nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody listens to
	if err != nil {
		return "", nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return "", nil, err
	}
	const key, secret = "periplus", "periplus-secret"
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true"} {
		if err := os.Setenv(name, value); err != nil {
			return "", nil, err
		}
	}
	var log bytes.Buffer
	c := exec.CommandContext(ctx, program, "--access", key, "--secret", secret, "--region", "us-east-1", "--port", addr, "--quiet", "--iam-dir", filepath.Join(root, "iam"),
		"posix", "--sidecar", filepath.Join(root, "side"), filepath.Join(root, "data"))
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		return "", nil, fmt.Errorf("%s: %w; `make servers` installs versitygw", program, err)
	}
	stop = func() error {
		if err := c.Process.Kill(); err != nil {
			return err
		}
		_ = c.Wait() // says that it was killed
		return nil
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			return "s3://logs?region=us-east-1&use_path_style=true&endpoint=http://" + addr, stop, conn.Close()
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return "", nil, errors.Join(fmt.Errorf("%s does not answer on %s: %w\n%s", program, addr, err, &log), stop())
		}
	}
}

// upload writes all files below a folder under their relative names.
func upload(ctx context.Context, address, dir string) (err error) {
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return servers.Upload(ctx, b, dir)
}
