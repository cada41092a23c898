package digest

import (
	"cmp"
	"net/netip"
	"testing"
)

func TestIP(t *testing.T) {
	var all []netip.Addr
	for _, s := range []string{"0.0.0.0", "10.0.0.1", "10.0.0.2", "255.255.255.255", "::", "::1", "::1:0:0:0", "2001:db8::1", "2001:db8::2", "fe80::1", "ffff::"} {
		all = append(all, netip.MustParseAddr(s))
	}
	for _, a := range all {
		x := ipOf(a)
		if got := x.addr(); got != a {
			t.Errorf("%s becomes %s", a, got)
		}
		for _, b := range all {
			y := ipOf(b)
			if got, want := x.compare(y), a.Compare(b); got != want {
				t.Errorf("%s compare %s = %d; want %d", a, b, got, want)
			}
			if c := cmp.Compare(x.prefix(), y.prefix()); c != 0 && c != a.Compare(b) {
				t.Errorf("prefix of %s and %s: %d; want 0 or %d", a, b, c, a.Compare(b))
			}
		}
	}
	if ipOf(netip.MustParseAddr("::ffff:10.0.0.1")) != ipOf(netip.MustParseAddr("10.0.0.1")) {
		t.Error("a mapped address is another one")
	}
	f := func(s string, want bool) {
		t.Helper()
		if got := ipOf(netip.MustParseAddr(s)).public(); got != want {
			t.Errorf("%s public: %v; want %v", s, got, want)
		}
	}
	f("8.8.8.8", true)
	f("10.1.2.3", false)
	f("100.64.0.1", false)
	f("169.254.1.1", false)
	f("224.0.0.1", false)
	f("2600::1", true)
	f("fd00::1", false)
}
