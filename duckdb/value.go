package duckdb

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// value turns what the driver gives into one of the kinds that query.Engine
// promises. An integer that does not fit is an error, never wrapped.
func value(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, int64, float64, bool, []byte:
		return v, nil
	case int32:
		return int64(v), nil
	case time.Time:
		return v.UTC(), nil
	case *big.Int: // HUGEINT: what sum and count_if are
		if !v.IsInt64() {
			return nil, fmt.Errorf("%w: %s; ask for a shorter range", errTooMany, v)
		}
		return v.Int64(), nil
	case int8:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case uint8:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		if v > math.MaxInt64 {
			return nil, fmt.Errorf("%d does not fit 64 bits with a sign", v)
		}
		return int64(v), nil
	case float32:
		return float64(v), nil
	case duckdb.Decimal:
		return v.Float64(), nil
	case duckdb.UUID:
		return v.String(), nil
	case duckdb.Interval:
		return fmt.Sprintf("%d months %d days %s", v.Months, v.Days, time.Duration(v.Micros)*time.Microsecond), nil
	}
	// Lists, structs and maps come from people's own SQL only.
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("a %T cannot be shown: cast it to varchar", v)
	}
	return string(text), nil
}
