package query

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Key says which group an end belongs to: its level and the columns that tell
// it from every other group of that level. Its ID is text for URLs and files:
//
//	aws:provider  aws:account:123456789012  aws:region:eu-central-1
//	aws:network:vpc-1  aws:subnet:vpc-1/subnet-2  svc:aws:vpc-1/web
//	svc:aws::s3 (a cloud's own service)  svc:::partner (named by the user)
//	inet:  inet:cc:DE  special:multicast  host:10.0.0.1@vpc-1  host:2001:db8::1
//
// Whatever stands between the colons is percent-encoded where it must be, so
// two groups never share an ID.
type Key struct {
	Level   string // provider … host; "internet", "country" and "special" for what has no network
	Kind    string // own, public, special
	Value   string // the provider, account, region, network, subnet, service, country or address
	Scope   string // provider of an account, region, network, subnet or service
	Network string // of a subnet, a service or a host
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
		if level == "cc" {
			k.Level, k.Value = "country", d(value)
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
