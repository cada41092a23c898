// Command bench holds `periplus ingest` against DuckDB doing the same work: it
// writes ten million AWS records as gzip files, lets both read them in
// processes of their own and prints what each took. With -ask it writes a lake
// of one day with ten million rows of a million conversations instead, builds
// traffic and asks what the page asks; with -s3 it reads the same files from a
// server on loopback and from disk.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is what is asked for.
type bench struct {
	periplus, isal string
	dir            string
	records        int
	keep           bool
	out            io.Writer
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	b := bench{out: out}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&b.periplus, "periplus", "bin/periplus", "the binary to measure")
	f.StringVar(&b.isal, "isal", "", "the binary built with the tag isal; empty: none")
	f.StringVar(&b.dir, "dir", "", "where logs and results go; empty: a temporary folder")
	f.IntVar(&b.records, "records", 10_000_000, "how many")
	f.BoolVar(&b.keep, "keep", false, "leave the folder")
	cpu := f.String("cpuprofile", "", "read DIR's logs in this process and write a CPU profile here; DIR as of -keep")
	var a asking
	asks := f.Bool("ask", false, "measure questions on a lake of one day instead")
	a.flags(f)
	versitygw := f.String("s3", "", "the S3 server versitygw: read the logs from it and from disk instead, in turn")
	pairs := f.Int("pairs", 0, "write a lake in which so many pairs of services speak to DIR/pairs, for the page, and leave it")
	child := f.String("child", "", "for its own use: the work of a child process")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch *child {
	case "duckdb":
		return duck(ctx, f.Arg(0), f.Arg(1))
	case "traffic":
		return buildTraffic(ctx, f.Arg(0), *cpu, a.trace)
	}
	if *cpu != "" && b.dir != "" && !*asks {
		return profile(ctx, *cpu, filepath.Join(b.dir, "logs"), filepath.Join(b.dir, "lake"))
	}
	if *pairs > 0 {
		if b.dir == "" {
			return errors.New("-pairs leaves a lake behind: say where with -dir")
		}
		return b.pairs(ctx, *pairs)
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "periplus-bench-*"); err != nil {
			return err
		}
	}
	if !b.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	if *versitygw != "" {
		return b.s3(ctx, *versitygw)
	}
	if *asks {
		a.bench, a.profile = b, *cpu
		return a.ask(ctx)
	}
	return b.compare(ctx)
}

// took is what a process used.
type took struct {
	name      string
	wall, cpu time.Duration
	rss       int64 // bytes, at its highest
	rows      int64
}

func (b *bench) compare(ctx context.Context) error {
	files := (b.records + perFile - 1) / perFile
	logs := filepath.Join(b.dir, "logs")
	size, err := b.logs(ctx, logs, files)
	if err != nil {
		return err
	}
	records := int64(files) * perFile
	self, err := os.Executable()
	if err != nil {
		return err
	}
	parquet := filepath.Join(b.dir, "duckdb.parquet")
	duck, err := measure(ctx, "DuckDB", self, "-child", "duckdb", logs, parquet)
	if err != nil {
		return err
	}
	var packets int64
	var got int64
	if duck.rows, got, packets, err = duckRows(ctx, parquet); err != nil {
		return err
	}
	if got != records {
		return fmt.Errorf("DuckDB read %d records, want %d", got, records)
	}
	all := []took{duck}
	for _, p := range []struct{ name, path string }{{"periplus ingest", b.periplus}, {"periplus ingest, isal", b.isal}} {
		if p.path == "" {
			continue
		}
		if _, err := os.Stat(p.path); err != nil {
			return fmt.Errorf("%s: %w; build it first, `make bench` does", p.name, err)
		}
		t, err := b.ingest(ctx, p.name, p.path, logs, check{records, packets})
		if err != nil {
			return err
		}
		all = append(all, t...)
	}
	b.print(all, records, size)
	return nil
}

// logs writes the logs, or takes those that an earlier run left.
func (b *bench) logs(ctx context.Context, dir string, files int) (int64, error) {
	have, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(logFolder), "*.log.gz"))
	if err != nil {
		return 0, err
	}
	if len(have) == files {
		var n int64
		for _, f := range have {
			i, err := os.Stat(f)
			if err != nil {
				return 0, err
			}
			n += i.Size()
		}
		return n, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "writing %d files of %d records to %s …\n", files, perFile, dir)
	return generate(ctx, dir, files)
}

// check is what must have been read.
type check struct{ records, packets int64 }

// ingest measures reading to the commit of flows, and then the building of
// traffic, each in a process of its own.
func (b *bench) ingest(ctx context.Context, name, path, logs string, want check) ([]took, error) {
	lake := filepath.Join(b.dir, "lake")
	if err := os.RemoveAll(lake); err != nil {
		return nil, err
	}
	read, err := measure(ctx, name, path, "ingest", "--quiet", "--flows-only", "--lake", lake, logs)
	if err != nil {
		return nil, err
	}
	rows, records, packets, err := lakeRows(ctx, lake)
	if err != nil {
		return nil, err
	}
	if records != want.records || packets != want.packets {
		return nil, fmt.Errorf("%s: the lake holds %d records and %d packets, want %d and %d", name, records, packets, want.records, want.packets)
	}
	read.rows = rows
	build, err := measure(ctx, strings.Replace(name, "ingest", "traffic", 1), path, "ingest", "--quiet", "--lake", lake, logs)
	return []took{read, build}, err
}

// measure runs a process and asks the kernel what it used.
func measure(ctx context.Context, name, path string, args ...string) (took, error) {
	fmt.Fprintf(os.Stderr, "%s …\n", name)
	c := exec.CommandContext(ctx, path, args...)
	c.Stderr = os.Stderr
	start := time.Now()
	err := c.Run()
	t := took{name: name, wall: time.Since(start)}
	if err != nil {
		return t, fmt.Errorf("%s: %w", name, err)
	}
	t.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		t.rss = u.Maxrss << 10
		if runtime.GOOS == "darwin" {
			t.rss = u.Maxrss
		}
	}
	return t, nil
}

// print writes the table; the first row is what the others are held against.
func (b *bench) print(all []took, records, size int64) {
	fmt.Fprintf(b.out, "%d records, %d MB of gzip, %d cores\n\n", records, size/1e6, runtime.NumCPU())
	fmt.Fprintln(b.out, "| | CPU s | µs a record | of DuckDB's | wall s | of DuckDB's | peak MiB | rows |")
	fmt.Fprintln(b.out, "|---|---:|---:|---:|---:|---:|---:|---:|")
	base := all[0]
	for _, t := range all {
		rows := ""
		if t.rows > 0 {
			rows = fmt.Sprint(t.rows)
		}
		fmt.Fprintf(b.out, "| %s | %.1f | %.2f | %.2f | %.1f | %.2f | %d | %s |\n", t.name, t.cpu.Seconds(),
			t.cpu.Seconds()*1e6/float64(records), t.cpu.Seconds()/base.cpu.Seconds(),
			t.wall.Seconds(), t.wall.Seconds()/base.wall.Seconds(), t.rss>>20, rows)
	}
}
