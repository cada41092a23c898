package lake

import (
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/periplus/periplus/periplus"
)

// Namespace is the Iceberg namespace that holds the tables.
const Namespace = "periplus"

// The names of the tables.
const (
	Flows     = "flows"
	Traffic   = "traffic"
	Endpoints = "endpoints"
	Objects   = "objects"
	Coverage  = "coverage"
)

// Tables lists the tables in the order in which they are made and committed.
var Tables = []string{Flows, Objects, Coverage, Traffic, Endpoints}

// A column is what every table's schema is made of, whatever its rows are.
type column struct {
	name string
	typ  periplus.Type
	null bool
	doc  string
	id   int
}

func columns[T any](fields []periplus.Field[T]) []column {
	out := make([]column, len(fields))
	for i, f := range fields {
		id := f.Added
		if id == 0 {
			id = i + 1
		}
		out[i] = column{name: f.Name, typ: f.Type, null: f.Null, doc: f.Doc, id: id}
	}
	return out
}

// layout is how a table lies in the lake.
type layout struct {
	columns   []column
	partition []partition
	sort      []sortBy
	// bounds names the columns whose bounds the manifests keep: those that
	// planning or replacing asks for. All of them would make manifests of a
	// year's files several times as large.
	bounds []string
}

type partition struct {
	column, name string
	transform    iceberg.Transform
}

type sortBy struct {
	column    string
	transform iceberg.Transform
}

var layouts = map[string]layout{
	Flows: {
		columns:   columns(periplus.FlowFields),
		partition: []partition{{"bucket", "bucket_hour", iceberg.HourTransform{}}},
		sort: []sortBy{{"bucket", iceberg.HourTransform{}}, {"client", iceberg.IdentityTransform{}},
			{"server", iceberg.IdentityTransform{}}, {"server_port", iceberg.IdentityTransform{}},
			{"protocol", iceberg.IdentityTransform{}}, {"bucket", iceberg.IdentityTransform{}}},
		bounds: []string{"object", "bucket", "first_seen", "last_seen", "client", "server", "server_port", "verdict"},
	},
	// One spec cannot say "day, but month for the day step". A file holds one
	// hour, or one day of the day step, whatever the partition is, so the day
	// costs the day step nothing.
	Traffic: {
		columns: columns(periplus.TrafficFields),
		partition: []partition{{"step", "step", iceberg.IdentityTransform{}},
			{"bucket", "bucket_day", iceberg.DayTransform{}}},
		sort: []sortBy{{"bucket", iceberg.HourTransform{}}, {"client", iceberg.IdentityTransform{}},
			{"server", iceberg.IdentityTransform{}}, {"server_port", iceberg.IdentityTransform{}}},
		bounds: []string{"step", "bucket", "client", "server", "server_port", "verdict"},
	},
	Coverage: {
		columns:   columns(periplus.CoverageFields),
		partition: []partition{{"hour", "hour_day", iceberg.DayTransform{}}},
		bounds:    []string{"hour"},
	},
	Endpoints: {columns: columns(periplus.EndpointFields), bounds: []string{"address", "valid_from", "valid_to"}},
	Objects:   {columns: columns(periplus.ObjectFields), bounds: []string{"id", "first_seen", "last_seen"}},
}

func (l layout) column(name string) column {
	for _, c := range l.columns {
		if c.name == name {
			return c
		}
	}
	panic("lake: no column " + name)
}

func icebergType(t periplus.Type) iceberg.Type {
	switch t {
	case periplus.Bigint:
		return iceberg.PrimitiveTypes.Int64
	case periplus.Integer:
		return iceberg.PrimitiveTypes.Int32
	case periplus.Boolean:
		return iceberg.PrimitiveTypes.Bool
	case periplus.Timestamptz:
		return iceberg.PrimitiveTypes.TimestampTz
	case periplus.Varbinary:
		return iceberg.PrimitiveTypes.Binary
	default:
		return iceberg.PrimitiveTypes.String
	}
}

func (l layout) schema() *iceberg.Schema {
	fields := make([]iceberg.NestedField, len(l.columns))
	for i, c := range l.columns {
		fields[i] = iceberg.NestedField{ID: c.id, Name: c.name, Type: icebergType(c.typ), Required: !c.null, Doc: c.doc}
	}
	return iceberg.NewSchema(0, fields...)
}

// firstPartitionID is where Iceberg numbers partition fields from.
const firstPartitionID = 1000

func (l layout) spec() iceberg.PartitionSpec {
	if len(l.partition) == 0 {
		return *iceberg.UnpartitionedSpec
	}
	fields := make([]iceberg.PartitionField, len(l.partition))
	for i, p := range l.partition {
		fields[i] = iceberg.PartitionField{SourceIDs: []int{l.column(p.column).id},
			FieldID: firstPartitionID + i, Name: p.name, Transform: p.transform}
	}
	return iceberg.NewPartitionSpec(fields...)
}

func (l layout) sortOrder() (table.SortOrder, error) {
	if len(l.sort) == 0 {
		return table.UnsortedSortOrder, nil
	}
	fields := make([]table.SortField, len(l.sort))
	for i, s := range l.sort {
		fields[i] = table.SortField{SourceIDs: []int{l.column(s.column).id}, Transform: s.transform,
			Direction: table.SortASC, NullOrder: table.NullsFirst}
	}
	order, err := table.NewSortOrder(table.InitialSortOrderID, fields)
	if err != nil {
		return order, fmt.Errorf("sort order: %w", err)
	}
	return order, nil
}

// properties keep a commit cheap after thousands of them: manifests are merged
// as they grow in number, old metadata files go.
func properties() iceberg.Properties {
	return iceberg.Properties{
		table.PropertyFormatVersion:               "2",
		table.ManifestMergeEnabledKey:             "true",
		table.ManifestMinMergeCountKey:            "32",
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "24",
		table.ParquetCompressionKey:               "zstd",
		// The handle of a table is thrown away with each new version, so the
		// cache would only hold memory.
		table.ReadManifestListCacheEnabledKey: "false",
	}
}
