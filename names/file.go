package names

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gaissmai/bart"
	"github.com/goccy/go-yaml"

	"github.com/periplus/periplus/periplus"
)

// A Name is what the user calls something. Match is an address, a CIDR, an
// interface, or the id of a network, subnet or account. An empty field leaves
// what others know.
type Name struct {
	Match   string `yaml:"match"`
	Name    string `yaml:"name"`
	Group   string `yaml:"group"`
	Role    string `yaml:"role"` // icon key: aws.rds, gen.db; see docs/names.md
	Owner   string `yaml:"owner"`
	Subnet  string `yaml:"subnet"`
	Network string `yaml:"network"` // which of several networks an address is meant in
	Country string `yaml:"country"`
	Range   string `yaml:"range"` // CIDRs of a network or subnet that Match names by id
}

// File is the user's own names. The zero value knows none. It is safe for
// concurrent use.
type File struct {
	addresses map[netip.Addr][]Name
	cidrs     *bart.Table[Name]
	ids       map[string]Name   // interfaces, networks, subnets, accounts
	subnets   map[string][]Name // CIDRs that name a subnet, by its id
	n         int
}

// Len is the number of names.
func (f *File) Len() int { return f.n }

// columns are the spellings of the fields in a CSV header.
var columns = map[string]func(*Name) *string{
	"match":     func(n *Name) *string { return &n.Match },
	"address":   func(n *Name) *string { return &n.Match },
	"ip":        func(n *Name) *string { return &n.Match },
	"cidr":      func(n *Name) *string { return &n.Match },
	"interface": func(n *Name) *string { return &n.Match },
	"id":        func(n *Name) *string { return &n.Match },
	"name":      func(n *Name) *string { return &n.Name },
	"group":     func(n *Name) *string { return &n.Group },
	"service":   func(n *Name) *string { return &n.Group },
	"role":      func(n *Name) *string { return &n.Role },
	"kind":      func(n *Name) *string { return &n.Role },
	"owner":     func(n *Name) *string { return &n.Owner },
	"subnet":    func(n *Name) *string { return &n.Subnet },
	"network":   func(n *Name) *string { return &n.Network },
	"vpc":       func(n *Name) *string { return &n.Network },
	"country":   func(n *Name) *string { return &n.Country },
	"range":     func(n *Name) *string { return &n.Range },
}

// ReadFile reads names from a CSV or YAML file, told apart by its ending.
func ReadFile(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	var list []Name
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml":
		list, err = readYAML(b)
	default:
		list, err = readCSV(b)
	}
	if err != nil {
		return nil, fmt.Errorf("names: %s: %w", path, err)
	}
	f, err := New(list)
	if err != nil {
		return nil, fmt.Errorf("names: %s: %w", path, err)
	}
	return f, nil
}

// readCSV reads rows of address,name,group, or with a header any of columns in
// any order.
func readCSV(b []byte) ([]Name, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.Comment = '#'
	fields := []func(*Name) *string{columns["match"], columns["name"], columns["group"]}
	var list []Name
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		if first && isHeader(row) {
			if fields, err = header(row); err != nil {
				return nil, err
			}
			continue
		}
		line, _ := r.FieldPos(0)
		if len(row) > len(fields) {
			return nil, fmt.Errorf("line %d: %d columns, want at most %d; name them in a header line", line, len(row), len(fields))
		}
		var n Name
		for i, v := range row {
			if v = strings.TrimSpace(v); v != "" {
				*fields[i](&n) = v
			}
		}
		if n.Match == "" {
			return nil, fmt.Errorf("line %d: no address, CIDR or id", line)
		}
		list = append(list, n)
	}
}

// isHeader: a row that names a column, and begins with no address. Its unknown
// columns are then an error, and not taken for names.
func isHeader(row []string) bool {
	first := strings.TrimSpace(row[0])
	if _, err := netip.ParseAddr(first); err == nil {
		return false
	}
	if _, err := netip.ParsePrefix(first); err == nil {
		return false
	}
	for _, cell := range row {
		if columns[strings.ToLower(strings.TrimSpace(cell))] != nil {
			return true
		}
	}
	return false
}

func header(row []string) ([]func(*Name) *string, error) {
	var fields []func(*Name) *string
	for _, name := range row {
		get := columns[strings.ToLower(strings.TrimSpace(name))]
		if get == nil {
			return nil, fmt.Errorf("line 1: unknown column %q; known are address, name, group, role, owner, subnet, network, country, range", name)
		}
		fields = append(fields, get)
	}
	return fields, nil
}

// readYAML reads a list of names, or the same below the key names.
func readYAML(b []byte) ([]Name, error) {
	var list []Name
	if err := yaml.UnmarshalWithOptions(b, &list, yaml.Strict()); err == nil {
		return list, nil
	}
	var doc struct {
		Names []Name `yaml:"names"`
	}
	if err := yaml.UnmarshalWithOptions(b, &doc, yaml.Strict()); err != nil {
		return nil, err // it shows the line and what is wrong there
	}
	return doc.Names, nil
}

// New makes a File of a list. The last of two names of one thing counts.
func New(list []Name) (*File, error) {
	f := &File{addresses: map[netip.Addr][]Name{}, cidrs: new(bart.Table[Name]), ids: map[string]Name{}, subnets: map[string][]Name{}, n: len(list)}
	for i, n := range list {
		if n.Match == "" {
			return nil, fmt.Errorf("name %d (%q): no match; give an address, a CIDR or an id", i+1, n.Name)
		}
		if a, err := netip.ParseAddr(n.Match); err == nil {
			a = a.Unmap().WithZone("")
			f.addresses[a] = append(f.addresses[a], n)
			continue
		}
		if p, err := netip.ParsePrefix(n.Match); err == nil {
			f.cidrs.Insert(p.Masked(), n)
			if n.Subnet != "" {
				f.subnets[n.Subnet] = append(f.subnets[n.Subnet], n)
			}
			continue
		}
		for cidr := range strings.FieldsSeq(n.Range) {
			if _, err := netip.ParsePrefix(cidr); err != nil {
				return nil, fmt.Errorf("name %d (%q): range %q is no CIDR; several stand with spaces between", i+1, n.Match, cidr)
			}
		}
		if strings.Contains(n.Match, "/") && strings.ContainsAny(n.Match[:1], "0123456789") && !strings.ContainsAny(n.Match, "abcdefghijklmnopqrstuvwxyz-_") {
			return nil, fmt.Errorf("name %d: %q is no CIDR", i+1, n.Match)
		}
		f.ids[strings.ToLower(n.Match)] = n
	}
	return f, nil
}

// Label is what the user calls an id (network, subnet, account, interface), or
// "".
func (f *File) Label(id string) string {
	if f == nil {
		return ""
	}
	return f.id(id).Name
}

// id finds the name of an id. Networks of Azure and of GCP are told with whose
// they are (subscription/group/name, project/name); a name alone will do.
func (f *File) id(id string) Name {
	id = strings.ToLower(id)
	if n, ok := f.ids[id]; ok {
		return n
	}
	return f.ids[id[strings.LastIndexByte(id, '/')+1:]]
}

// in reports whether a name is meant in a network.
func (n *Name) in(network string) bool {
	if n.Network == "" || strings.EqualFold(n.Network, network) {
		return true
	}
	return strings.EqualFold(n.Network, network[strings.LastIndexByte(network, '/')+1:])
}

// CIDRs are the prefixes of a network, or of a subnet in it ("" for the network
// itself): what the range of its id says, else the CIDRs that name the subnet.
func (f *File) CIDRs(network, subnet string) []string {
	if f == nil {
		return nil
	}
	id := subnet
	if id == "" {
		id = network
	}
	list := strings.Fields(f.id(id).Range)
	if len(list) > 0 || subnet == "" {
		return list
	}
	for _, n := range f.subnets[subnet] {
		if n.in(network) {
			list = append(list, n.Match)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Called lists the ids (networks, subnets, accounts, interfaces) whose name
// holds a text, in any case: at most n, in their order.
func (f *File) Called(text string, n int) []string {
	if f == nil || text == "" {
		return nil
	}
	text = strings.ToLower(text)
	var ids []string
	for id, name := range f.ids {
		if strings.Contains(strings.ToLower(name.Name), text) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), n)]
}

// apply writes what the file knows of an endpoint over what others know. The
// address itself goes before its interface, and that before a CIDR; a field
// that the nearer one leaves empty is taken from the wider one.
func (f *File) apply(e *periplus.Endpoint, iface string) {
	if f == nil {
		return
	}
	if n, ok := f.cidrs.Lookup(e.Address); ok && (n.in(e.Network)) {
		// A CIDR names a set, not each of its addresses.
		if n.Group == "" {
			n.Group = n.Name
		}
		n.Name = ""
		n.set(e)
	}
	if n, ok := f.ids[strings.ToLower(iface)]; ok && iface != "" {
		n.set(e)
	}
	for _, n := range f.addresses[e.Address] {
		if n.in(e.Network) {
			n.set(e)
		}
	}
}

func (n *Name) set(e *periplus.Endpoint) {
	for _, s := range []struct {
		to   *string
		from string
	}{{&e.Name, n.Name}, {&e.Service, n.Group}, {&e.Role, n.Role}, {&e.Owner, n.Owner}, {&e.Subnet, n.Subnet}, {&e.Country, strings.ToUpper(n.Country)}} {
		if s.from != "" {
			*s.to = s.from
			e.NamedBy = "file"
		}
	}
	if n.Group == "" && n.Name != "" {
		e.Service = n.Name // a name of its own is a service of its own
	}
}
