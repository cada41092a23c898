package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/periplus/periplus/format"
	"github.com/periplus/periplus/lake"
	"github.com/periplus/periplus/receive"
)

// receiveFlags say where logs that are pushed are taken.
type receiveFlags struct {
	addr          string // "": they are not
	firehoseKey   string // file
	pubsubToken   string // file
	cert, key     string // files
	every         time.Duration
	bytes, memory size
	requests      int
}

func (f *receiveFlags) add(c *cobra.Command) {
	f.bytes, f.memory = 64<<20, 256<<20
	c.Flags().StringVar(&f.addr, "receive", "", "address to take pushed logs at, such as :8443: POST /firehose and /pubsub; see docs/receive.md")
	c.Flags().StringVar(&f.firehoseKey, "firehose-key-file", "", "file with the access key of Firehose (or PERIPLUS_FIREHOSE_KEY)")
	c.Flags().StringVar(&f.pubsubToken, "pubsub-token-file", "", "file with the token of Pub/Sub's push address (or PERIPLUS_PUBSUB_TOKEN)")
	c.Flags().StringVar(&f.cert, "tls-cert", "", "file with the certificate (PEM) that --receive shows, chain included")
	c.Flags().StringVar(&f.key, "tls-key", "", "file with its private key")
	c.Flags().DurationVar(&f.every, "receive-every", 10*time.Second, "how long pushed logs may wait for others before they are committed together")
	c.Flags().Var(&f.bytes, "receive-bytes", "commit sooner when so much waits, such as 64MiB")
	c.Flags().IntVar(&f.requests, "receive-requests", 2000, "commit sooner when so many deliveries wait")
	c.Flags().Var(&f.memory, "receive-memory", "how much may wait in all; senders of more are told to come again")
}

// secret is what a file or the environment holds; "": neither.
func secret(file, env string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv(env)), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if s == "" {
		return "", fmt.Errorf("%s is empty: write the key into it", file)
	}
	return s, nil
}

// receiver is what the flags ask for.
func (f *receiveFlags) receiver(e *env, opt format.Options) (*receive.Receiver, *tls.Config, error) {
	r := &receive.Receiver{Ingest: lake.Ingest{Options: opt}, Every: f.every, Bytes: int64(f.bytes), Requests: f.requests, Memory: int64(f.memory),
		Log: slog.New(slog.NewTextHandler(e.errOut, nil))}
	if f.every <= 0 || f.requests <= 0 {
		return nil, nil, errors.New("--receive-every and --receive-requests: give more than 0")
	}
	var err error
	if r.FirehoseKey, err = secret(f.firehoseKey, "PERIPLUS_FIREHOSE_KEY"); err != nil {
		return nil, nil, err
	}
	if r.PubSubToken, err = secret(f.pubsubToken, "PERIPLUS_PUBSUB_TOKEN"); err != nil {
		return nil, nil, err
	}
	if err := r.Check(f.addr); err != nil {
		return nil, nil, fmt.Errorf("--receive: %w", err)
	}
	if (f.cert == "") != (f.key == "") {
		return nil, nil, errors.New("--tls-cert and --tls-key belong together: give both")
	}
	if f.cert == "" {
		return r, nil, nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return r, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// receive takes pushed logs into a desk's lake until ctx ends.
func (f *receiveFlags) receive(ctx context.Context, e *env, d *desk, r *receive.Receiver, t *tls.Config) error {
	r.Ingest.Lake, r.Ingest.Memory = d.Lake, d.memory/2 // questions go on meanwhile
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.addr)
	if err != nil {
		return hint{err, "another program listens there, or the port needs more rights; choose another with --receive"}
	}
	scheme := "https"
	if t == nil {
		scheme = "http"
	}
	fmt.Fprintf(e.errOut, "receive        %s://%s/firehose, /pubsub\n", scheme, l.Addr())
	return r.Serve(ctx, l, t)
}
