package format

import (
	"strings"

	"github.com/periplus/periplus/periplus"
)

type azurePlaceKey struct{ mac, resource, target, flowLog string }

type azurePlace struct {
	place *periplus.Place
	nic   uint32
}

// placeOf is the NIC that a record is about, and its flow log.
func (u *tupleReader) placeOf(h *azureHead, mac string) *periplus.Place {
	key := azurePlaceKey{mac, h.resource, h.target, h.flowLog}
	known, ok := u.places[key]
	if !ok {
		p := u.newPlace(h, mac)
		if known, ok = u.same[p]; !ok {
			known = azurePlace{&p, uint32(len(u.same))}
			u.same[p] = known
		}
		if len(u.places) >= gcpNamesMax {
			clear(u.places)
		}
		u.places[key] = known
	}
	u.nic = known.nic
	return known.place
}

func (u *tupleReader) newPlace(h *azureHead, mac string) periplus.Place {
	p := u.defaults // what the records do not say, the blob's name may
	p.Provider = "azure"
	if mac = azureMAC(mac); mac != "" {
		p.Interface = mac
	}
	if sub := azureSegment(h.target, "subscriptions"); sub != "" {
		p.Account = strings.ToLower(sub)
	} else if sub := azureSegment(h.resource, "subscriptions"); sub != "" {
		p.Account = strings.ToLower(sub)
	} else if sub := azureSegment(h.flowLog, "subscriptions"); sub != "" {
		p.Account = strings.ToLower(sub)
	}
	if net := azureSegment(h.target, "virtualNetworks"); net != "" {
		// A name is only unique in its resource group, so all three tell it.
		p.Network = strings.ToLower(azureSegment(h.target, "subscriptions") + "/" + azureSegment(h.target, "resourceGroups") + "/" + net)
		p.Subnet = azureSegment(h.target, "subnets")
	}
	watcher := strings.ToLower(azureSegment(h.flowLog, "networkWatchers"))
	if region, ok := strings.CutPrefix(watcher, "networkwatcher_"); ok && region != "" {
		p.Region = region
	}
	if log := azureSegment(h.flowLog, "flowLogs"); log != "" {
		p.Log = strings.ToLower(log)
	} else if nsg := azureSegment(h.resource, "networkSecurityGroups"); nsg != "" {
		p.Log = strings.ToLower(nsg)
	}
	return p
}

// identityOf is what is known of the NIC's own end: its name, if the flow log
// is of one NIC.
func (u *tupleReader) identityOf(h *azureHead) *periplus.Identity {
	nic := azureSegment(h.target, "networkInterfaces")
	if nic == "" {
		return nil
	}
	id := u.ids[h.target]
	if id == nil {
		id = &periplus.Identity{Name: nic, Kind: "azure.nic", Account: strings.ToLower(azureSegment(h.target, "subscriptions"))}
		u.ids[h.target] = id
	}
	return id
}

// azureSegment is what follows a name in a resource id, whose case means
// nothing: the vnet1 of /subscriptions/…/virtualNetworks/vnet1.
func azureSegment(id, name string) string {
	for len(id) > 0 {
		var s string
		s, id, _ = strings.Cut(strings.TrimPrefix(id, "/"), "/")
		if strings.EqualFold(s, name) {
			s, _, _ = strings.Cut(id, "/")
			return s
		}
	}
	return ""
}

// azureMAC writes a MAC as Azure's paths do: capitals, nothing between.
func azureMAC(mac string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", ":", "", ".", "").Replace(mac))
}
