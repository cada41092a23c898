package flowgen

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/periplus/periplus/periplus"
)

// azureWriter writes NSG or VNet flow logs: a blob an interface and hour, that
// grows by a block a minute.
type azureWriter struct {
	log   *flowLog
	name  string // of the flow log, or of the NSG
	net   *network
	blobs map[azureBlob][]azureTuple
	// nested wraps each record in one more "records", as some exports have it.
	nested bool
	bom    bool
}

type azureBlob struct {
	mac  string
	hour int64
}

type azureTuple struct {
	at       time.Time
	rule     string
	text     string
	delivery int
}

// logAzure adds an NSG or VNet flow log.
func (w *world) logAzure(l *flowLog, name string, n *network, nics ...*nic) *azureWriter {
	if l.window == 0 {
		l.window = 5 * time.Minute
	}
	a := &azureWriter{log: l, name: name, net: n, blobs: map[azureBlob][]azureTuple{}}
	l.out = a
	w.log(l, nics...)
	return a
}

func (a *azureWriter) write(w *world, e *entry) {
	rule := e.h.rule
	if e.verdict.Stopped() {
		rule = e.reason
	}
	if rule == "" {
		rule = "DefaultRule_AllowVnetInBound"
		if e.h.role == periplus.ObserverClient {
			rule = "DefaultRule_AllowInternetOutBound"
		}
	}
	put := func(at time.Time, state byte, counters [4]int64) {
		w.truth.Records++
		b := azureBlob{e.h.nic.id, at.Unix() / 3600}
		a.blobs[b] = append(a.blobs[b], azureTuple{at, rule, a.tuple(e, at, state, counters), max(e.c.delivery, 1)})
	}
	if e.first && !a.log.v1 {
		put(e.start, 'B', [4]int64{})
	}
	put(time.UnixMilli(e.slot).UTC(), e.state, [4]int64{e.packets, e.bytes, e.backPackets, e.backBytes})
}

// tuple writes one flow tuple.
func (a *azureWriter) tuple(e *entry, at time.Time, state byte, counters [4]int64) string {
	src, dst, _, _ := e.c.view(e.h, false)
	direction := "I"
	if e.h.role == periplus.ObserverClient {
		direction = "O"
	}
	ends := fmt.Sprintf("%s,%s,%d,%d", spell(nil, src.Addr(), e.c.spelling), spell(nil, dst.Addr(), e.c.spelling), src.Port(), dst.Port())
	numbers := fmt.Sprintf("%d,%d,%d,%d", counters[0], counters[1], counters[2], counters[3])
	if a.log.kind == vnetLog {
		encryption := cmp.Or(e.c.encrypt, "NX")
		if state == 'B' || state == 'D' {
			numbers = "0,0,0,0"
		}
		return fmt.Sprintf("%d,%s,%d,%s,%c,%s,%s", at.UnixMilli(), ends, e.c.proto, direction, state, encryption, numbers)
	}
	letter, decision := "T", "A"
	if e.c.proto == 17 {
		letter = "U"
	}
	if state == 'D' {
		decision, state = "D", 'B'
	}
	text := fmt.Sprintf("%d,%s,%s,%s,%s", at.Unix(), ends, letter, direction, decision)
	if a.log.v1 {
		return text
	}
	if state == 'B' {
		numbers = ",,,"
	}
	return fmt.Sprintf("%s,%c,%s", text, state, numbers)
}

func (a *azureWriter) flush(w *world, now time.Time) error {
	keys := slices.SortedFunc(maps.Keys(a.blobs), func(x, y azureBlob) int {
		return cmp.Or(cmp.Compare(x.hour, y.hour), strings.Compare(x.mac, y.mac))
	})
	for _, b := range keys {
		at := time.Unix(b.hour*3600, 0).UTC()
		if !now.IsZero() && at.Add(time.Hour).After(now) {
			continue
		}
		tuples := slices.DeleteFunc(a.blobs[b], func(t azureTuple) bool { return !w.arrived(t.delivery) })
		delete(a.blobs, b)
		if len(tuples) == 0 {
			continue
		}
		slices.SortStableFunc(tuples, func(x, y azureTuple) int {
			return cmp.Or(cmp.Compare(x.delivery, y.delivery), x.at.Compare(y.at))
		})
		if err := w.save(a.blob(b, at), func(out *bufio.Writer) error { return a.blocks(out, w, b, tuples) }); err != nil {
			return err
		}
	}
	return nil
}

// blob is the name of an hour's blob.
func (a *azureWriter) blob(b azureBlob, at time.Time) string {
	hour := at.Format("y=2006/m=01/d=02/h=15/m=00/") + "macAddress=" + b.mac + "/PT1H.json"
	if a.log.kind == nsgLog {
		return "azure/insights-logs-networksecuritygroupflowevent/resourceId=" + a.resource() + "/" + hour
	}
	region := strings.ToUpper(a.net.region)
	return fmt.Sprintf("azure/insights-logs-flowlogflowevent/flowLogResourceID=/%s_NETWORKWATCHERRG/NETWORKWATCHER_%s_%s-%s-FLOWLOGS/%s",
		strings.ToUpper(a.net.account), region, strings.ToUpper(a.name), strings.ToUpper(a.net.group), hour)
}

// resource is the resource id of what writes.
func (a *azureWriter) resource() string {
	if a.log.kind == nsgLog {
		return strings.ToUpper(fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/networkSecurityGroups/%s",
			a.net.account, a.net.group, a.name))
	}
	return strings.ToUpper(fmt.Sprintf("/subscriptions/%s/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_%s/flowLogs/%s-%s-flowlog",
		a.net.account, a.net.region, a.name, a.net.group))
}

// blocks writes a blob: a block for each minute of each delivery, so that an
// earlier state of the blob is a prefix of a later one, but for the closer.
func (a *azureWriter) blocks(out *bufio.Writer, w *world, b azureBlob, tuples []azureTuple) error {
	if a.bom {
		out.WriteString("\ufeff")
	}
	out.WriteString(`{"records":[`)
	for i := 0; i < len(tuples); {
		minute, delivery := tuples[i].at.Truncate(time.Minute), tuples[i].delivery
		end := i
		for end < len(tuples) && tuples[end].delivery == delivery && tuples[end].at.Truncate(time.Minute).Equal(minute) {
			end++
		}
		if i > 0 {
			out.WriteByte(',')
		}
		text, err := json.Marshal(a.block(w, b, minute, tuples[i:end]))
		if err != nil {
			return err
		}
		if a.nested {
			text = append(append([]byte(`{"records":[`), text...), `]}`...)
		}
		out.Write(text)
		i = end
	}
	_, err := out.WriteString("]}") // a bufio.Writer keeps its first error
	return err
}

type nsgFlows struct {
	MAC    string   `json:"mac"`
	Tuples []string `json:"flowTuples"`
}

type nsgRule struct {
	Rule  string     `json:"rule"`
	Flows []nsgFlows `json:"flows"`
}

type vnetRule struct {
	Rule   string   `json:"rule"`
	Tuples []string `json:"flowTuples"`
}

type vnetFlows struct {
	ACL    string     `json:"aclID"`
	Groups []vnetRule `json:"flowGroups"`
}

// block is the record of one minute.
func (a *azureWriter) block(w *world, b azureBlob, minute time.Time, tuples []azureTuple) any {
	rules := map[string][]string{}
	for _, t := range tuples {
		rules[t.rule] = append(rules[t.rule], t.text)
	}
	names := slices.Sorted(maps.Keys(rules))
	at := minute.Add(time.Minute + time.Duration(w.hash(b.mac)%1000)*time.Millisecond).Format("2006-01-02T15:04:05.0000000Z")
	if a.log.kind == nsgLog {
		var list []nsgRule
		for _, r := range names {
			list = append(list, nsgRule{r, []nsgFlows{{b.mac, rules[r]}}})
		}
		version := 2
		if a.log.v1 {
			version = 1
		}
		type properties struct {
			Version int
			Flows   []nsgRule `json:"flows"`
		}
		return struct {
			Time       string     `json:"time"`
			System     string     `json:"systemId"`
			Category   string     `json:"category"`
			Resource   string     `json:"resourceId"`
			Operation  string     `json:"operationName"`
			Properties properties `json:"properties"`
		}{at, guid(w, b.mac), "NetworkSecurityGroupFlowEvent", a.resource(), "NetworkSecurityGroupFlowEvents", properties{version, list}}
	}
	flows := vnetFlows{ACL: guid(w, a.name)}
	for _, r := range names {
		flows.Groups = append(flows.Groups, vnetRule{r, rules[r]})
	}
	type flowRecords struct {
		Flows []vnetFlows `json:"flows"`
	}
	return struct {
		Time      string      `json:"time"`
		Version   int         `json:"flowLogVersion"`
		GUID      string      `json:"flowLogGUID"`
		MAC       string      `json:"macAddress"`
		Category  string      `json:"category"`
		Resource  string      `json:"flowLogResourceID"`
		Target    string      `json:"targetResourceID"`
		Operation string      `json:"operationName"`
		Records   flowRecords `json:"flowRecords"`
	}{at, 4, guid(w, "log", a.name), b.mac, "FlowLogFlowEvent", a.resource(), fmt.Sprintf(
		"/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/virtualNetworks/%s", a.net.account, a.net.group, a.net.id),
		"FlowLogFlowEvent", flowRecords{[]vnetFlows{flows}}}
}

// guid is a stable identifier.
func guid(w *world, parts ...any) string {
	x, y := w.hash(parts...), w.hash(append(parts, "low")...)
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(x), uint16(x>>32), x>>52, uint16(y)&0xfff, y>>16)
}
