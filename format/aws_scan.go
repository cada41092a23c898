package format

import (
	"encoding/binary"
	"net/netip"
)

// tokenEnd is the index after the word that begins at i.
func tokenEnd(b []byte, i int) int {
	for i < len(b) && b[i] != ' ' && b[i] != '\t' {
		i++
	}
	return i
}

// scanUint reads the digits at i. It is false when there are none, when they
// do not end the word, or when there are more than fit 63 bits.
func scanUint(b []byte, i int) (v uint64, next int, ok bool) {
	a := i
	for ; i < len(b); i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		v = v*10 + uint64(c)
	}
	if i-a > 18 {
		return slowUint(b, a)
	}
	return v, i, i > a && (i == len(b) || b[i] == ' ' || b[i] == '\t')
}

// slowUint is scanUint for long numbers.
func slowUint(b []byte, i int) (v uint64, next int, ok bool) {
	for ; i < len(b); i++ {
		c := b[i] - '0'
		if c > 9 {
			break
		}
		if v > (1<<63-1-uint64(c))/10 {
			return 0, tokenEnd(b, i), false
		}
		v = v*10 + uint64(c)
	}
	return v, i, i == len(b) || b[i] == ' ' || b[i] == '\t'
}

// scanAddr reads the address at i. IPv4-mapped IPv6 comes back as IPv4; a zone
// is no address here.
func scanAddr(b []byte, i int) (addr netip.Addr, next int, ok bool) {
	start := i
	var v, part, dots, digits uint32
	for ; i < len(b); i++ {
		c := b[i]
		if d := uint32(c - '0'); d <= 9 {
			if digits > 0 && part == 0 {
				break // a leading zero: some take it for octal
			}
			part = part*10 + d
			digits++
			if part > 255 {
				break
			}
			continue
		}
		if c == '.' {
			if digits == 0 || dots == 3 {
				break
			}
			v = v<<8 | part
			part, digits = 0, 0
			dots++
			continue
		}
		break
	}
	if dots == 3 && digits > 0 && part <= 255 && (i == len(b) || b[i] == ' ' || b[i] == '\t') {
		var a4 [4]byte
		binary.BigEndian.PutUint32(a4[:], v<<8|part)
		return netip.AddrFrom4(a4), i, true
	}
	next = tokenEnd(b, start)
	addr, ok = parseIPv6(b[start:next])
	return addr, next, ok
}

// parseAddr reads an address that fills b.
func parseAddr(b []byte) (netip.Addr, bool) {
	a, n, ok := scanAddr(b, 0)
	return a, ok && n == len(b)
}

// parseIPv6 is netip.ParseAddr for bytes, without the string it would need and
// without zones.
func parseIPv6(s []byte) (netip.Addr, bool) {
	var ip [16]byte
	gap, n, i := -1, 0, 0
	if len(s) >= 2 && s[0] == ':' && s[1] == ':' {
		gap, i = 0, 2
		if i == len(s) {
			return netip.AddrFrom16(ip), true
		}
	}
	for n < 16 {
		a, v := i, uint32(0)
		for ; i < len(s); i++ {
			h := hexDigit(s[i])
			if h > 15 {
				break
			}
			if v = v<<4 | uint32(h); i-a >= 4 {
				return netip.Addr{}, false
			}
		}
		if i == a {
			return netip.Addr{}, false
		}
		if i < len(s) && s[i] == '.' {
			if n > 12 || gap < 0 && n != 12 {
				return netip.Addr{}, false
			}
			v4, next, ok := scanAddr(s, a)
			if !ok || next != len(s) || !v4.Is4() {
				return netip.Addr{}, false
			}
			b4 := v4.As4()
			copy(ip[n:], b4[:])
			n, i = n+4, len(s)
			break
		}
		ip[n], ip[n+1] = byte(v>>8), byte(v)
		n += 2
		if i == len(s) {
			break
		}
		if s[i] != ':' || i+1 == len(s) {
			return netip.Addr{}, false
		}
		i++
		if s[i] == ':' {
			if gap >= 0 {
				return netip.Addr{}, false
			}
			gap = n
			if i++; i == len(s) {
				break
			}
		}
	}
	if i != len(s) {
		return netip.Addr{}, false
	}
	if n < 16 {
		if gap < 0 {
			return netip.Addr{}, false
		}
		tail := n - gap
		copy(ip[16-tail:], ip[gap:n])
		clear(ip[gap : 16-tail])
	} else if gap >= 0 {
		return netip.Addr{}, false // "::" must stand for something
	}
	return netip.AddrFrom16(ip).Unmap(), true
}

func hexDigit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
