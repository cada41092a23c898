package format

import (
	"bytes"
	"math"
	"net/netip"
	"strconv"
	"time"
	"unsafe"
)

// jsonUint reads a counter or a number as the clouds write them: 6, 6.0, "6".
func jsonUint(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 40 {
		return 0, false
	}
	var n uint64
	for i, c := range b {
		d := uint64(c - '0')
		if d > 9 {
			return jsonFloat(b, i, n)
		}
		if n > math.MaxUint64/10 || n == math.MaxUint64/10 && d > math.MaxUint64%10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// jsonFloat goes on where the digits of b end, at i.
func jsonFloat(b []byte, i int, n uint64) (uint64, bool) {
	if b[i] == '.' && i > 0 {
		for _, c := range b[i+1:] {
			if c != '0' {
				goto slow
			}
		}
		return n, len(b) > i+1
	}
slow:
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f < 0 || f >= 1<<63 || f != math.Trunc(f) {
		return 0, false
	}
	return uint64(f), true
}

// jsonAddr reads an IP address; IPv4-mapped IPv6 is unmapped, zones are none.
func jsonAddr(b []byte) (netip.Addr, bool) {
	var ip [4]byte
	part, digits, n := 0, 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			if n = n*10 + int(c-'0'); n > 255 || digits > 0 && n < 10 {
				return jsonAddr6(b) // too large, or a leading zero
			}
			digits++
		case c == '.' && digits > 0 && part < 3:
			ip[part] = byte(n)
			part, digits, n = part+1, 0, 0
		default:
			return jsonAddr6(b)
		}
	}
	if part != 3 || digits == 0 {
		return netip.Addr{}, false
	}
	ip[3] = byte(n)
	return netip.AddrFrom4(ip), true
}

func jsonAddr6(b []byte) (netip.Addr, bool) {
	if len(b) > 45 || bytes.IndexByte(b, ':') < 0 {
		return netip.Addr{}, false
	}
	for _, c := range b {
		if c == '%' { // an address with a zone would keep the text, which is not ours to keep
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(unsafe.String(unsafe.SliceData(b), len(b)))
	return a.Unmap(), err == nil
}

// jsonTime reads RFC 3339 with up to nine decimals, and BigQuery's
// "2024-05-01 10:00:05.1 UTC".
func jsonTime(b []byte) (time.Time, bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10]|0x20 != 't' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, false
	}
	ok := true
	num := func(from, to int) int {
		n := 0
		for _, c := range b[from:to] {
			if c < '0' || c > '9' {
				ok = false
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day := num(0, 4), num(5, 7), num(8, 10)
	hour, minute, sec := num(11, 13), num(14, 16), num(17, 19)
	if !ok || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || sec > 60 {
		return time.Time{}, false
	}
	rest, ns := b[19:], 0
	if len(rest) > 0 && rest[0] == '.' {
		unit, i := 100_000_000, 1
		for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
			ns += int(rest[i]-'0') * unit
			unit /= 10
		}
		if i == 1 {
			return time.Time{}, false
		}
		rest = rest[i:]
	}
	zone, ok := jsonZone(rest)
	t := time.Date(year, time.Month(month), day, hour, minute, sec, ns, time.UTC)
	if !ok || t.Day() != day && sec < 60 {
		return time.Time{}, false
	}
	if zone != 0 {
		t = t.Add(-time.Duration(zone) * time.Second)
	}
	return t, true
}

// jsonZone reads Z, UTC or +01:00 as seconds east of UTC.
func jsonZone(b []byte) (int, bool) {
	switch string(b) {
	case "Z", "z", "", " UTC":
		return 0, true
	}
	if len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	h, ok1 := jsonUint(b[1:3])
	m, ok2 := jsonUint(b[4:6])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, false
	}
	s := int(h)*3600 + int(m)*60
	if b[0] == '-' {
		s = -s
	}
	return s, true
}
