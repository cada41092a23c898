package format

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/parquet/file"
)

// Columns are the fields that what a reader has read so far holds, in their
// order: those that the header or the default order names for AWS, those that
// entries held for Google Cloud, by path. Nil for what does not tell (Azure's
// tuples, whose fields its version fixes).
func (o *Opened) Columns() []string {
	switch r := o.Reader.(type) {
	case *awsLines:
		return r.parser.names()
	case *awsEvents:
		return r.parser.names()
	case *awsParquetReader:
		return r.parser.names()
	}
	return nil
}

func (p *awsParser) names() []string {
	names := make([]string, len(p.cols))
	for i := range p.cols {
		names[i] = p.cols[i].name
	}
	return names
}

// Fields are the fields of the first entries of a log whose entries are JSON
// values a line, sorted; nil for another. At most lines entries are looked at.
func Fields(in io.Reader, lines int) ([]string, error) {
	head, _, _, err := inflate(in)
	if err != nil && len(head) == 0 {
		return nil, err
	}
	found := map[string]bool{}
	for n := 0; n < lines && len(head) > 0; n++ {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		if head = rest; !whole && n > 0 {
			break // the last one may be cut
		}
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] != '{' {
			continue
		}
		fields, err := jsonFields(line, "jsonPayload.", nil)
		if err != nil {
			break // what follows is no better
		}
		for _, f := range fields {
			found[f.Name] = true
		}
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// ParquetFooter is what the end of a Parquet file says without its rows.
type ParquetFooter struct {
	Columns []string // as AWS calls them, where it knows them
	Rows    int64
}

// ReadParquetFooter reads the schema of a file of flow logs. Only the end of
// the file is read.
func ReadParquetFooter(in interface {
	io.ReaderAt
	io.Seeker
}) (f *ParquetFooter, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: parquet: %v", ErrCut, p)
		}
	}()
	r := &awsParquetReader{}
	if err := r.parser.init(Options{}); err != nil {
		return nil, err
	}
	if r.file, err = file.NewParquetReader(in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCut, err)
	}
	if err := r.schema(); err != nil {
		return nil, err
	}
	return &ParquetFooter{Columns: r.parser.names(), Rows: r.file.NumRows()}, nil
}

// Names reports whether a list of columns holds one, however it is spelled
// (account-id, account_id, accountId).
func Names(columns []string, name string) bool {
	want := squeeze(nil, []byte(name))
	return slices.ContainsFunc(columns, func(c string) bool { return bytes.Equal(squeeze(nil, []byte(c)), want) })
}
