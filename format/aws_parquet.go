package format

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"github.com/periplus/periplus/internal/scratch"
	"github.com/periplus/periplus/periplus"
)

var awsParquet = Format{
	Name:  "aws-parquet",
	Title: "AWS flow logs, Parquet",
	About: "The columns of aws-text as Parquet (snappy or gzip inside), as AWS delivers them to S3. " +
		"A null says what \"-\" says in text. Read as a whole: it cannot be streamed.",
	Columns: awsDocs(),
	Guess:   func(head []byte, _ Options) bool { return bytes.HasPrefix(head, []byte("PAR1")) },
	Open:    openAWSParquet,
	Explain: explainAWS,
}

// parquetInMemory is how large a file is kept in memory; a larger one lies in a
// temporary file while it is read. AWS closes its files at 75 MB.
const parquetInMemory = 16 << 20

// parquetBatch is how many values of a column are taken at once.
const parquetBatch = 512

// awsParquetReader reads rows, column beside column.
type awsParquetReader struct {
	file   *file.Reader
	close  func() error
	parser awsParser
	stats  periplus.Stats
	cols   []parquetColumn
	group  int   // the next row group
	left   int64 // rows of the current one
	done   error
}

// parquetColumn is a column of the current row group.
type parquetColumn struct {
	index  int // in the file
	maxDef int16
	reader file.ColumnChunkReader
	defs   []int16
	n, pos int // of defs
	value  int // of the values below, which leave nulls out
	i32    []int32
	i64    []int64
	bytes  []parquet.ByteArray
	f32    []float32
	f64    []float64
	bools  []bool
	word   []byte
}

func openAWSParquet(in io.Reader, opt Options) (_ periplus.Reader, err error) {
	r := &awsParquetReader{close: func() error { return nil }}
	if err := r.parser.init(opt); err != nil {
		return nil, err
	}
	src, err := r.spool(in)
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: parquet: %v", ErrCut, p)
		}
		if err != nil {
			r.close() // the first error says more
		}
	}()
	if r.file, err = file.NewParquetReader(src); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCut, err)
	}
	return r, r.schema()
}

// spool makes in readable at any place.
func (r *awsParquetReader) spool(in io.Reader) (parquet.ReaderAtSeeker, error) {
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(in, parquetInMemory)); err != nil {
		return nil, err
	}
	if b.Len() < parquetInMemory {
		return bytes.NewReader(b.Bytes()), nil
	}
	f, err := scratch.Create("", "periplus-parquet-*")
	if err != nil {
		return nil, fmt.Errorf("a file for what does not stay in memory: %w; set TMPDIR to a folder that can be written", err)
	}
	r.close = f.Close
	if _, err = io.Copy(f, io.MultiReader(&b, in)); err != nil {
		r.close()
		return nil, err
	}
	return f, nil
}

// schema finds the columns that a record can be made of.
func (r *awsParquetReader) schema() error {
	s := r.file.MetaData().Schema
	var names []string
	known := 0
	for i := range s.NumColumns() {
		c := s.Column(i)
		if c.MaxRepetitionLevel() > 0 {
			r.stats.AddUnknown(c.Path(), 1) // a list: no flow log has one
			continue
		}
		if awsKnown([]byte(c.Name())) != nil {
			known++
		}
		names = append(names, c.Name())
		r.cols = append(r.cols, parquetColumn{index: i, maxDef: c.MaxDefinitionLevel(), defs: make([]int16, parquetBatch)})
	}
	if known < 2 {
		return hint{fmt.Errorf("%w: a Parquet file without the columns of a flow log", ErrUnknown), "see 'periplus formats'"}
	}
	r.parser.columns(names)
	r.parser.plain = false
	r.parser.flush(&r.stats)
	return nil
}

func (r *awsParquetReader) Stats() *periplus.Stats { return &r.stats }

func (r *awsParquetReader) Read(recs []periplus.Record) (n int, err error) {
	defer func() {
		if p := recover(); p != nil { // the library's answer to damaged pages
			r.end(fmt.Errorf("%w: parquet: %v", ErrCut, p))
			n, err = 0, r.done
		}
	}()
	r.parser.begin()
	n = r.parser.takeLost(recs)
	for n < len(recs) && r.done == nil {
		if r.left == 0 {
			r.nextGroup()
			continue
		}
		r.left--
		r.stats.Lines++
		ok, err := r.row(&recs[n])
		if err != nil {
			r.end(fmt.Errorf("%w: %w", ErrCut, err))
			break
		}
		if ok {
			n++
			n += r.parser.takeLost(recs[n:])
		}
	}
	r.parser.flush(&r.stats)
	if n == 0 && len(recs) > 0 {
		return 0, r.done
	}
	return n, nil
}

// end closes the file and keeps why.
func (r *awsParquetReader) end(why error) {
	if r.done == nil {
		r.done = why
		if err := r.close(); err != nil && why == io.EOF {
			r.done = err
		}
	}
}

func (r *awsParquetReader) nextGroup() {
	if r.group >= r.file.NumRowGroups() {
		r.end(io.EOF)
		return
	}
	g := r.file.RowGroup(r.group)
	r.group++
	for i := range r.cols {
		c := &r.cols[i]
		reader, err := g.Column(c.index)
		if err != nil {
			r.end(fmt.Errorf("%w: %w", ErrCut, err))
			return
		}
		c.reader, c.n, c.pos = reader, 0, 0
	}
	r.left = g.NumRows()
}

// row reads one row and reports whether it is a record.
func (r *awsParquetReader) row(rec *periplus.Record) (bool, error) {
	p := &r.parser
	*rec = periplus.Record{}
	p.flags = 0
	extra := len(p.extra)
	var wrong *badLine
	for i := range r.cols {
		c := &r.cols[i]
		// Every column moves on, also those behind one that is wrong.
		word, num, isNum, null, err := c.next()
		if err != nil {
			return false, err
		}
		if wrong != nil {
			continue
		}
		wrong = p.cell(&p.cols[i], word, num, isNum, null, rec)
	}
	if wrong == nil {
		if len(p.extra) > extra {
			rec.Extra = p.extra[extra:len(p.extra):len(p.extra)]
		}
		wrong = p.finish(rec)
	}
	if wrong != nil {
		p.extra = p.extra[:extra]
		p.lost = [4]uint64{}
		p.bad(&r.stats, r.stats.Lines, *wrong)
		return false, nil
	}
	rec.Line, p.after.Line = r.stats.Lines, r.stats.Lines
	switch rec.Mark {
	case periplus.MarkNoData:
		r.stats.NoData++
	case periplus.MarkSkipData:
		r.stats.SkipData++
	default:
		r.stats.Records++
	}
	return true, nil
}

// cell reads one value of column c: a number, or text.
func (p *awsParser) cell(c *awsCol, word []byte, num int64, isNum, null bool, rec *periplus.Record) *badLine {
	if null || len(word) == 0 && !isNum {
		word, isNum = []byte("-"), false
	}
	if isNum && c.op >= awsVersion && c.op != awsKept && c.op != awsUnknown {
		if num < 0 {
			return wrongly(periplus.BadRange, c.name, "below zero")
		}
		if c.op >= awsSrcPort && c.op <= awsEnd || c.op == awsTCPFlags || c.op >= awsLostRoute && c.op <= awsLostTTL || c.op == awsVersion {
			return p.set(c, uint64(num), rec)
		}
	}
	if isNum {
		p.digits = strconv.AppendInt(p.digits[:0], num, 10)
		for c.op == awsAccount && len(p.digits) < 12 {
			p.digits = append([]byte("0"), p.digits...) // lost when it was taken for a number
		}
		word = p.digits
	}
	if c.op < awsSlots {
		if s := &p.share.slots[c.op]; string(word) != string(s.last) {
			s.last = append(s.last[:0], word...)
			p.dirty |= slotDirty[c.op]
		}
		return nil
	}
	if string(word) == "-" {
		return nil
	}
	if c.op == awsKept || c.op == awsUnknown {
		p.keep(c, word)
		return nil
	}
	switch string(word) {
	case "None", "null", "NaN", "nan": // what passed through a data frame
		return nil
	}
	if tokenEnd(word, 0) != len(word) {
		return wrongly(periplus.BadSyntax, c.name, "a space within a value")
	}
	_, wrong := p.value(c, word, 0, rec)
	return wrong
}
