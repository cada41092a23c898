package duckdb

// prelude gives DuckDB the functions that Trino spells otherwise, so that one
// text runs on both. What each may be used for is in the page on SQL.
var prelude = []string{
	"from_unixtime(s) AS to_timestamp(s)",
	"to_unixtime(t) AS epoch(t)",
	"date_diff(unit, a, b) AS date_sub(unit, a, b)", // whole units, not boundaries crossed
	"day_of_week(t) AS isodow(t)",
	"bitwise_and(a, b) AS CAST(a AS bigint) & CAST(b AS bigint)",
	"bitwise_or(a, b) AS CAST(a AS bigint) | CAST(b AS bigint)",
	"bitwise_xor(a, b) AS xor(CAST(a AS bigint), CAST(b AS bigint))",
	"bitwise_not(a) AS ~CAST(a AS bigint)",
	"bitwise_left_shift(a, n) AS CAST(a AS bigint) << CAST(n AS bigint)",
	"bitwise_right_shift(a, n) AS CAST(a AS bigint) >> CAST(n AS bigint)",
	"bit_count(a, bits) AS CAST(system.main.bit_count(CAST(a AS bigint)) AS bigint)",
	"bitwise_or_agg(a) AS bit_or(CAST(a AS bigint))",
	"bitwise_and_agg(a) AS bit_and(CAST(a AS bigint))",
	"sequence(a, b) AS generate_series(a, b), (a, b, step) AS generate_series(a, b, step)",
	"cardinality(a) AS len(a)",
	"element_at(a, i) AS list_extract(a, i)",
	"array_join(a, separator) AS array_to_string(a, separator)",
	"array_max(a) AS list_max(a)",
	"array_min(a) AS list_min(a)",
	"slice(a, start, length) AS array_slice(a, start, start + length - 1)",
	"regexp_like(s, pattern) AS regexp_matches(s, pattern)",
	"to_utf8(s) AS encode(s)",
	"from_utf8(b) AS decode(b)",
	"truncate(x) AS trunc(x)",
	// Same name, other meaning: these give DuckDB Trino's.
	"split_part(s, separator, n) AS string_split(s, separator)[n]",
	"concat(a, b) AS a || b, (a, b, c) AS a || b || c",
	"greatest(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN a >= b THEN a ELSE b END",
	"least(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN a <= b THEN a ELSE b END",
	"approx_distinct(x) AS approx_count_distinct(x)", // an estimate: never equal on two engines
}
