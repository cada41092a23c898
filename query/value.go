package query

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// read reads one value as its field's type says.
func (p *parser) read(c *condition, t token) (value, error) {
	v := value{text: t.text}
	bad := func(suggest, format string, args ...any) (value, error) {
		return v, t.errorf(suggest, format, args...)
	}
	switch c.field.typ {
	case typeEnum:
		v.text = strings.ToLower(t.text)
		if a, ok := valueAliases[c.field.name][v.text]; ok {
			v.text = a
		}
		if !slices.Contains(c.field.enum, v.text) {
			return bad(nearest(v.text, c.field.enum), "%s is one of %s, not %q", c.field.name, strings.Join(c.field.enum, ", "), t.text)
		}
	case typeAddress:
		if c.op == "~" || c.op == "!~" {
			v.text = strings.ToLower(t.text)
			break
		}
		prefix, err := parsePrefix(t.text)
		if err != nil {
			if strings.ContainsAny(t.text, "*?") {
				return bad("~", "%s takes addresses and CIDRs; a pattern stands after ~", c.op)
			}
			return bad("", "%q is neither an address nor a CIDR like 10.0.0.0/8", t.text)
		}
		v.prefix, v.text = prefix, prefixText(prefix)
	case typeCountry:
		v.text = strings.ToUpper(t.text)
	case typeASN:
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToUpper(t.text), "AS"), 10, 32)
		if err != nil {
			return bad("", "%q is no number of an autonomous system, such as 3320 or AS3320", t.text)
		}
		v.number, v.text = int64(n), strconv.FormatUint(n, 10)
	case typePort:
		n, ok := portNumber(t.text)
		if !ok {
			return bad(nearest(t.text, portWords), "%q is no port from 0 to 65535 and no known name of one", t.text)
		}
		v.number, v.text = n, strconv.FormatInt(n, 10)
	case typeProtocol:
		n, ok := protocolNumber(t.text)
		if !ok {
			return bad(nearest(t.text, keys(protocols)), "%q is no protocol from 0 to 255 and no known name of one", t.text)
		}
		v.number, v.text = n, ProtocolName(uint8(n))
	case typeQuantity:
		n, err := parseQuantity(t.text)
		if err != "" {
			return bad("", "%q is no amount: %s", t.text, err)
		}
		v.number, v.text = n, quantityText(n, c.field.name == "bytes")
	case typeNode:
		k, err := ParseKey(t.text)
		if err != nil {
			return bad("", "%s", err)
		}
		v.node = k
	case typeTime:
		at, err := ParseTime(t.text, p.now)
		if err != nil {
			return bad("", "%s", err)
		}
		v.time, v.text = at, strings.TrimSpace(t.text)
	}
	return v, nil
}

func keys(m map[string]int64) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// parsePrefix reads an address or a CIDR; IPv4-mapped addresses are IPv4.
func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, strconv.ErrSyntax
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

func prefixText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// bounds are the first and last address of a prefix as endpoints.ip has them.
func bounds(p netip.Prefix) (first, last []byte) {
	a := p.Addr().As16()
	b := a
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	for i := bits; i < 128; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	return a[:], b[:]
}

var decimalUnits = []string{"k", "M", "G", "T", "P", "E"}

// parseQuantity reads 5, 5k, 10MB, 1.5GiB; letters in any case. err is what
// is wrong, for people.
func parseQuantity(s string) (n int64, err string) {
	i := 0
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || s[i] == '_') {
		i++
	}
	unit := strings.ToLower(s[i:])
	unit = strings.TrimSuffix(strings.TrimSuffix(unit, "bytes"), "b")
	factor, base := int64(1), int64(1000)
	if strings.HasSuffix(unit, "i") {
		base, unit = 1024, strings.TrimSuffix(unit, "i")
		if unit == "" {
			return 0, "write 5, 5k, 10MB or 1GiB"
		}
	}
	if unit != "" {
		k := slices.IndexFunc(decimalUnits, func(u string) bool { return strings.EqualFold(u, unit) })
		if k < 0 {
			return 0, "write 5, 5k, 10MB or 1GiB"
		}
		for range k + 1 {
			factor *= base
		}
	}
	digits := strings.ReplaceAll(s[:i], "_", "")
	if whole, e := strconv.ParseInt(digits, 10, 64); e == nil {
		if whole > math.MaxInt64/factor {
			return 0, "it is too large"
		}
		return whole * factor, ""
	}
	x, e := strconv.ParseFloat(digits, 64)
	if e != nil {
		return 0, "write 5, 5k, 10MB or 1GiB"
	}
	if x *= float64(factor); x >= math.MaxInt64 {
		return 0, "it is too large"
	}
	return int64(math.Round(x)), ""
}

// quantityText writes an amount with the largest unit that divides it.
func quantityText(n int64, bytes bool) string {
	unit, m := "", n
	for _, u := range decimalUnits {
		if m == 0 || m%1000 != 0 {
			break
		}
		unit, m = u, m/1000
	}
	if bytes && unit != "" {
		unit += "B"
	}
	if unit == "" && bytes && n > 0 && n%1024 == 0 {
		for _, u := range decimalUnits {
			if m%1024 != 0 {
				break
			}
			unit, m = u+"iB", m/1024
		}
	}
	return strconv.FormatInt(m, 10) + unit
}
