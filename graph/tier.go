package graph

import (
	"regexp"
	"strings"

	"github.com/periplus/periplus/query"
)

// A subnet, or a group that lies in none, stands in one of three columns: what
// meets the outside, what works, what keeps data. The first that says something
// decides: its tag "tier", its name, what its members are (a gateway or balancer
// among them: public; nothing but stores: data), and what the drawn edges show
// (met by the internet: public; asked on database ports more than anything
// else, and asking less: data; else app). "" is nothing known.
const (
	tierPublic = "public"
	tierApp    = "app"
	tierData   = "data"
)

func anyOf(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|[^a-z])(` + words + `)([^a-z]|$)`)
}

// tierNames are in the order in which they are tried: a "private data" subnet
// is of data.
var tierNames = []struct {
	re   *regexp.Regexp
	tier string
}{
	{anyOf("data|database|db|rds|sql|cache|storage|persist|managed-db|intra|isolated"), tierData},
	{anyOf("public|pub|dmz|ingress|edge|gateway|gw|front|frontend|perimeter|bastion|nat|lb|alb|elb|firewall"), tierPublic},
	{anyOf("app|apps|private|priv|node|nodes|work|worker|workers|compute|service|services|backend|internal|gke|eks|aks"), tierApp},
}

func tierOfName(s string) string {
	for _, n := range tierNames {
		if n.re.MatchString(s) {
			return n.tier
		}
	}
	return ""
}

// stores are the roles of what keeps data; private endpoints lead to such.
var stores = wordSet("aws.rds aws.aurora aws.elasticache aws.redis aws.vpce aws.opensearch aws.redshift aws.efs gcp.cloudsql gcp.memorystore gcp.psc gcp.spanner azure.sqldb azure.pg azure.cosmos azure.redis azure.pe azure.pl gen.db gen.cache")

func wordSet(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

func tierOfRole(role string) string {
	switch {
	case query.IsGate(role):
		return tierPublic
	case stores[role]:
		return tierData
	}
	return ""
}

// dataPorts are those of databases, caches and file servers.
var dataPorts = map[int]bool{1433: true, 1521: true, 3306: true, 5432: true, 5433: true, 5439: true, 6379: true, 7000: true, 9042: true, 9200: true, 9300: true, 11211: true, 27017: true, 2049: true, 445: true}

// tally is what the drawn edges show of a node, in records that passed.
type tally struct{ met, data, other, asks Int }

func (t tally) tier() string {
	switch {
	case t.met > 0:
		return tierPublic
	case t.data > 0 && t.data >= t.other && t.data > t.asks:
		return tierData
	case t.other > 0 || t.asks > 0 || t.data > 0:
		return tierApp
	}
	return ""
}

// tally adds up the drawn edges by node.
func (b *builder) tally() map[string]tally {
	box := map[string]string{}
	for _, g := range b.Groups {
		if g.Parent != nil {
			box[g.ID] = *g.Parent
		}
	}
	outside := map[string]bool{}
	for _, n := range b.Nodes {
		if n.Parent == nil {
			continue
		}
		root := *n.Parent
		for box[root] != "" {
			root = box[root]
		}
		outside[n.ID] = root == Internet
	}
	of := map[string]tally{}
	for i := range b.Edges {
		e := &b.Edges[i]
		passed := Int(0)
		for _, c := range []*Counter{e.Verdicts.Allowed, e.Verdicts.Unknown} {
			if c != nil {
				passed += c.Records
			}
		}
		to, from := of[e.Target], of[e.Source]
		switch {
		case outside[e.Source]:
			to.met += passed
		case len(e.Ports) > 0 && e.Ports[0].Port != nil && dataPorts[*e.Ports[0].Port]:
			to.data += passed
		default:
			to.other += passed
		}
		of[e.Target] = to
		if from = of[e.Source]; e.Source != e.Target {
			from.asks += passed
			of[e.Source] = from
		}
	}
	return of
}

// said is the tier that tags, a name or members tell of a subnet.
func said(q *query.Group, label string) string {
	for _, t := range q.Tags() {
		if strings.EqualFold(t.Name, "tier") {
			if tier := tierOfName(t.Value); tier != "" {
				return tier
			}
		}
	}
	switch tier := tierOfName(label); {
	case tier != "":
		return tier
	case q.Gates > 0:
		return tierPublic
	}
	return tierOfRole(q.Role)
}

// tiers decides the column of every subnet, and of what stands in none.
func (b *builder) tiers(m *query.Map) {
	facts, known := b.tally(), map[string]*query.Group{}
	for i := range m.Groups {
		known[m.Groups[i].ID] = &m.Groups[i]
	}
	for i := range m.Nodes {
		known[m.Nodes[i].ID] = &m.Nodes[i].Group
	}
	subnets, in := map[string]bool{}, map[string]string{}
	for _, g := range b.Groups {
		subnets[g.ID] = g.Kind == "subnet"
		if g.Parent != nil {
			in[g.ID] = *g.Parent
		}
	}
	votes := map[string]map[string]int{}
	for i := range b.Nodes {
		n := &b.Nodes[i]
		q := known[n.ID]
		switch q.Key.Level {
		case "subnet":
			n.Tier = or(said(q, n.Label), facts[n.ID].tier())
			continue
		case "service", "host":
		default:
			continue
		}
		if q.Key.Kind != "own" {
			continue
		}
		tier := or(tierOfRole(n.Kind), or(facts[n.ID].tier(), tierOfName(n.Label)))
		box := ""
		if n.Parent != nil {
			for box = *n.Parent; box != "" && !subnets[box]; box = in[box] {
			}
		}
		if box == "" {
			n.Tier = tier
			continue
		}
		if votes[box] == nil {
			votes[box] = map[string]int{}
		}
		votes[box][tier]++
	}
	for i := range b.Groups {
		if g := &b.Groups[i]; g.Kind == "subnet" {
			g.Tier = or(said(known[g.ID], g.Label), most(votes[g.ID]))
		}
	}
}

// most is the tier with the most votes; of equal ones that which lies further
// from the outside.
func most(votes map[string]int) string {
	best := ""
	for _, t := range []string{tierData, tierApp, tierPublic} {
		if votes[t] > votes[best] || best == "" && votes[t] > 0 {
			best = t
		}
	}
	return best
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
