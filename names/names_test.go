package names

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/periplus/periplus/digest"
	"github.com/periplus/periplus/periplus"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func at(h int) time.Time { return time.Date(2024, 5, 1, h, 0, 0, 0, time.UTC) }

func load(t *testing.T, name, text string) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return ReadFile(path)
}

// TestCIDRs: the range of an id, else the CIDRs that name a subnet.
func TestCIDRs(t *testing.T) {
	file, err := New([]Name{{Match: "vpc-1", Range: "10.20.0.0/16 2001:db8::/56"}, {Match: "10.20.4.0/22", Subnet: "s-1", Network: "vpc-1"}, {Match: "10.21.0.0/24", Subnet: "s-1"},
		{Match: "10.30.0.0/24", Subnet: "s-1", Network: "vpc-2"}, {Match: "S-2", Range: "10.20.8.0/24"}, {Match: "10.20.9.0/24", Subnet: "S-2"}})
	if err != nil {
		t.Fatal(err)
	}
	f := func(network, subnet, want string) {
		t.Helper()
		if got := strings.Join(file.CIDRs(network, subnet), " "); got != want {
			t.Errorf("CIDRs(%q, %q) = %q, want %q", network, subnet, got, want)
		}
	}
	f("vpc-1", "", "10.20.0.0/16 2001:db8::/56")
	f("vpc-1", "s-1", "10.20.4.0/22 10.21.0.0/24")
	f("vpc-2", "s-1", "10.21.0.0/24 10.30.0.0/24")
	f("vpc-1", "S-2", "10.20.8.0/24")
	f("vpc-2", "", "")
	f("subscription/group/VPC-1", "", "10.20.0.0/16 2001:db8::/56")
	f("project/vpc-2", "s-1", "10.21.0.0/24 10.30.0.0/24")
	if _, err := New([]Name{{Match: "vpc-1", Range: "10.20.0.0"}}); err == nil || !strings.Contains(err.Error(), "no CIDR") {
		t.Errorf("a range that is no CIDR: %v", err)
	}
	var none *File
	if got := none.CIDRs("vpc-1", ""); got != nil {
		t.Errorf("no file: %q", got)
	}
}

func TestReadFile(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		file, err := load(t, name, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		e := periplus.Endpoint{Address: ip("10.0.1.10")}
		file.apply(&e, "")
		if got := e.Name + "/" + e.Service + "/" + e.Role; got != want {
			t.Errorf("%s: 10.0.1.10 is %q, want %q", text, got, want)
		}
	}
	f("a.csv", "10.0.1.10,web-1,web\n", "web-1/web/")
	f("b.csv", "\xef\xbb\xbfname,role,address\nweb-1,aws.ec2,10.0.1.10\n", "web-1/web-1/aws.ec2")
	f("c.csv", "# ours\n10.0.0.0/16, office\n10.0.1.0/24,lab\n", "/lab/")
	f("d.csv", "10.0.0.0/16,,apps\n10.0.1.10,web-1\n", "web-1/web-1/")
	f("e.yaml", "names:\n- {match: 10.0.1.10, name: web-1, group: web}\n", "web-1/web/")
	f("f.yml", "- match: 10.0.1.10\n  name: web-1\n  role: gen.db\n", "web-1/web-1/gen.db")
	f("g.csv", "::ffff:10.0.1.10,mapped\n", "mapped/mapped/")
}

func TestReadFileErrors(t *testing.T) {
	f := func(name, text, want string) {
		t.Helper()
		if _, err := load(t, name, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	f("a.csv", "address,nmae\n", `unknown column "nmae"`)
	f("a.csv", "hostname,ip\nweb-1,10.0.1.10\n", `unknown column "hostname"`)
	f("b.csv", "10.0.0.1,a,b,c\n", "line 1: 4 columns")
	f("c.csv", "\"x\n", "parse error")
	f("d.csv", ",web\n", "no address")
	f("e.yaml", "names:\n- {mach: 10.0.0.1}\n", "mach")
	f("f.csv", "10.0.0.300/24,a\n", "no CIDR")
	if _, err := ReadFile(filepath.Join(t.TempDir(), "gone.csv")); err == nil || !strings.HasPrefix(err.Error(), "names: ") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestEndpoints(t *testing.T) {
	web := &periplus.Place{Provider: "aws", Account: "111122223333", Region: "eu-west-1", Network: "vpc-1", Subnet: "subnet-a", Interface: "eni-1", Instance: "i-1"}
	nat := &periplus.Place{Provider: "aws", Network: "vpc-1", Interface: "eni-2", InterfaceType: "nat_gateway"}
	file, err := New([]Name{{Match: "eni-1", Name: "front", Group: "web"}, {Match: "192.0.2.0/26", Name: "Office"}, {Match: "10.9.0.1", Name: "other", Network: "vpc-2"}})
	if err != nil {
		t.Fatal(err)
	}
	b := Book{File: file,
		Owned: []digest.Owned{{Addr: ip("10.0.1.10"), Place: web}, {Addr: ip("10.0.9.9"), Place: nat}},
		Named: []digest.Named{
			{Addr: ip("10.1.0.2"), Network: "prod", Provider: "gcp", First: at(1), Identity: &periplus.Identity{Name: "db-1", Kind: "gcp.gce"}},
			{Addr: ip("10.1.0.2"), Network: "prod", Provider: "gcp", First: at(5), Identity: &periplus.Identity{Name: "api-7", Kind: "gcp.gce"}},
			{Addr: ip("198.51.100.7"), Provider: "gcp", First: at(1), Identity: &periplus.Identity{Country: "DE", ASN: 64500}},
		}}
	rows := b.Endpoints([]Seen{
		{Addr: ip("10.0.1.10"), Network: "vpc-1"}, {Addr: ip("10.0.9.9"), Network: "vpc-1"}, {Addr: ip("10.1.0.2"), Network: "prod"},
		{Addr: ip("198.51.100.7")}, {Addr: ip("192.0.2.5")}, {Addr: ip("203.0.113.1")}, {Addr: ip("52.1.1.1"), Service: "S3"}, {Addr: ip("52.1.1.1")},
		{Addr: ip("10.9.0.1"), Network: "vpc-2"}, {Addr: ip("10.9.0.1"), Network: "vpc-3"}, {Addr: ip("10.200.0.1")}, {Addr: ip("224.0.0.251")},
	})
	var got []string
	for _, e := range rows {
		line := strings.Join([]string{e.Address.String(), e.Network, e.Kind, e.Name, e.Service, e.Role, e.Provider, e.NamedBy}, "|")
		if e.ValidTo != periplus.Forever || e.ValidFrom.Unix() != 0 {
			line += "|" + e.ValidFrom.Format("15") + "-" + e.ValidTo.Format("15")
		}
		got = append(got, line)
	}
	want := []string{
		"10.0.1.10|vpc-1|own|front|web|aws.ec2|aws|file",
		"10.0.9.9|vpc-1|own||10.0.9.9|aws.nat|aws|",
		"10.1.0.2|prod|own|db-1|db|gcp.gce|gcp|log|00-05",
		"10.1.0.2|prod|own|api-7|api|gcp.gce|gcp|log|05-00",
		"10.9.0.1|vpc-2|own|other|other|gen.server||file",
		"10.9.0.1|vpc-3|own||10.9.0.1|gen.server||",
		"10.200.0.1||own||10.200.0.1|net.onprem||",
		"52.1.1.1||public||S3|aws.s3|aws|cloud",
		"192.0.2.5||public||Office|net.user||file",
		"198.51.100.7||public||DE|net.country||log",
		"203.0.113.1||public||internet|net.internet||",
		"224.0.0.251||special||multicast|gen.unknown||",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("endpoints\n%s\nwant\n%s", g, w)
	}
}

func TestGroup(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := group(name); got != want {
			t.Errorf("group(%q) = %q, want %q", name, got, want)
		}
	}
	f("web-12", "web")
	f("db_3", "db")
	f("ip10", "ip")
	f("web", "web")
	f("12", "12")
	f("-7", "-7")
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("address,name\n10.0.0.1,a\n"))
	f.Add([]byte("10.0.0.0/8,x,y\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := readCSV(b)
		if err != nil {
			return
		}
		for _, n := range list {
			if n.Match == "" {
				t.Errorf("%q gave a name that matches nothing", b)
			}
		}
		if file, err := New(list); err == nil && file.Len() != len(list) {
			t.Errorf("%d names of %d", file.Len(), len(list))
		}
	})
}
