package query

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Key says which group an end belongs to: its level and the columns that tell
// it from every other group of that level. Its ID is text for URLs and files:
//
//	aws:provider  aws:account:123456789012  aws:region:eu-central-1
//	aws:network:vpc-1  aws:subnet:vpc-1/subnet-2  svc:aws:vpc-1/web
//	svc:aws::s3 (a cloud's own service)  svc:::partner (named by the user)
//	special:multicast  host:10.0.0.1@vpc-1  host:2001:db8::1
//
// Strangers of the internet, from wide to narrow (a country opens to systems,
// a system to prefixes, a prefix to hosts):
//
//	inet:  inet:cc:DE  inet:as:3320@DE  inet:net:192.0.2.0/24@DE/3320
//	inet:as:3320  inet:net:192.0.2.0/24@/3320  inet:net:192.0.2.0/24 (no country, no system known)
//	inet:scanners
//
// A system has addresses in many countries, so its key names the country that
// it was found in: the part is told apart from the rest. "inet:" is who is in
// no country that anybody named. Whatever stands between the colons is percent-encoded where it must be, so
// two groups never share an ID.
type Key struct {
	Level   string // provider … host; "internet", "country", "asn", "net", "scanners" and "special" for what has no network
	Kind    string // own, public, special
	Value   string // the provider, account, region, network, subnet, service, country, number, prefix or address
	Scope   string // provider of an account, region, network, subnet or service; country of a system or a prefix
	Network string // of a subnet, a service or a host; system of a prefix
}

// ID is the key as text.
func (k Key) ID() string {
	e := url.QueryEscape
	switch k.Level {
	case "host":
		if k.Network == "" {
			return "host:" + k.Value
		}
		return "host:" + k.Value + "@" + e(k.Network)
	case "internet":
		return "inet:"
	case "country":
		return "inet:cc:" + e(k.Value)
	case "scanners":
		return "inet:scanners"
	case "asn":
		return "inet:as:" + k.Value + within(k.Scope, "")
	case "net":
		return "inet:net:" + k.Value + within(k.Scope, k.Network)
	case "special":
		return "special:" + e(k.Value)
	case "provider":
		return e(k.Value) + ":provider"
	case "subnet":
		return e(k.Scope) + ":subnet:" + e(k.Network) + "/" + e(k.Value)
	case "service":
		if k.Kind == "public" {
			return "svc:" + e(k.Scope) + "::" + e(k.Value)
		}
		return "svc:" + e(k.Scope) + ":" + e(k.Network) + "/" + e(k.Value)
	}
	return e(k.Scope) + ":" + k.Level + ":" + e(k.Value)
}

// within is the end of an id that says where a part of the internet lies.
func within(country, asn string) string {
	s := "@" + url.QueryEscape(country)
	if asn != "" {
		s += "/" + asn
	}
	return strings.TrimSuffix(s, "@")
}

// Filter is the filter that selects exactly the group; side is "client.",
// "server." or "" for either end. Names alone would not do: two networks may
// hold services of one name, and a cloud's service be called as one of the
// user's.
func (k Key) Filter(side string) string {
	if a, err := netip.ParseAddr(k.Value); k.Level == "host" && k.Network == "" && err == nil && !a.IsPrivate() {
		return side + "ip = " + k.Value // in no network, so by itself
	}
	return side + "node = " + quote(k.ID())
}

// ParseKey is the inverse of ID.
func ParseKey(id string) (Key, error) {
	k, err := parseKey(id)
	if err != nil || k.ID() != id {
		return Key{}, mistake("%q is no id of a group: use one that the map or a search answered", id)
	}
	return k, nil
}

func parseKey(id string) (Key, error) {
	var failed error
	d := func(s string) string {
		t, err := url.QueryUnescape(s)
		if err != nil {
			failed = err
		}
		return t
	}
	first, rest, _ := strings.Cut(id, ":")
	level, value, _ := strings.Cut(rest, ":")
	var k Key
	switch first {
	case "host":
		address, network, _ := strings.Cut(rest, "@")
		a, err := netip.ParseAddr(address)
		if err != nil {
			return k, err
		}
		k = Key{Level: "host", Value: a.String(), Network: d(network)}
	case "inet":
		k = Key{Level: "internet", Kind: "public"}
		at, in, _ := strings.Cut(value, "@")
		country, asn, _ := strings.Cut(in, "/")
		switch level {
		case "cc":
			k.Level, k.Value = "country", d(value)
		case "as":
			k.Level, k.Value, k.Scope = "asn", at, d(country)
			failed = cmp.Or(failed, isNumber(at))
		case "net":
			k.Level, k.Value, k.Scope, k.Network = "net", at, d(country), asn
			failed = cmp.Or(failed, isBlock(at))
			if asn != "" {
				failed = cmp.Or(failed, isNumber(asn))
			}
		case "scanners":
			k.Level = "scanners"
		}
	case "special":
		k = Key{Level: "special", Kind: "special", Value: d(rest)}
	case "svc":
		if name, public := strings.CutPrefix(value, ":"); public {
			k = Key{Level: "service", Kind: "public", Scope: d(level), Value: d(name)}
			break
		}
		network, name, _ := strings.Cut(value, "/")
		k = Key{Level: "service", Kind: "own", Scope: d(level), Network: d(network), Value: d(name)}
	default:
		k = Key{Level: level, Kind: "own", Scope: d(first), Value: d(value)}
		switch {
		case level == "provider":
			k.Scope, k.Value = "", d(first)
		case level == "subnet":
			network, name, _ := strings.Cut(value, "/")
			k.Network, k.Value = d(network), d(name)
		case !slices.Contains([]string{"account", "region", "network"}, level):
			return k, fmt.Errorf("no level %q", level)
		}
	}
	return k, failed
}

// isNumber says what is wrong with the number of an autonomous system.
func isNumber(s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil && (n == 0 || strconv.FormatUint(n, 10) != s) {
		err = fmt.Errorf("%q is no number of a system", s)
	}
	return err
}

// isBlock says what is wrong with the prefix of a key: a /24, in IPv6 a /48.
func isBlock(s string) error {
	p, err := netip.ParsePrefix(s)
	if err == nil && (p.Bits() != blockBits(p.Addr()) || p.Masked() != p || p.String() != s || p.Addr().Is4In6()) {
		err = fmt.Errorf("%q is no /24, or /48 of IPv6", s)
	}
	return err
}

// blockBits is how wide the prefixes are that addresses are grouped by.
func blockBits(a netip.Addr) int {
	if a.Is4() {
		return 24
	}
	return 48
}

// block is the prefix that an address is grouped by.
func block(a netip.Addr) netip.Prefix {
	p, _ := a.Prefix(blockBits(a)) // these widths fit
	return p
}
