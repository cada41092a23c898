package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/periplus/periplus/graph"
	"github.com/periplus/periplus/periplus"
	"github.com/periplus/periplus/query"
)

// flowRow is one row of the evidence with the log object that it came from.
type flowRow struct {
	First           time.Time  `json:"first"`
	Last            time.Time  `json:"last"`
	Client          string     `json:"client"`
	Server          string     `json:"server"`
	ClientName      string     `json:"clientName,omitempty"`
	ServerName      string     `json:"serverName,omitempty"`
	Protocol        string     `json:"proto"`
	Port            *int       `json:"port"`
	PortName        string     `json:"name,omitempty"`
	Verdict         string     `json:"verdict"`
	Reason          string     `json:"reason,omitempty"`
	RequestBytes    *graph.Int `json:"requestBytes"`
	ResponseBytes   *graph.Int `json:"responseBytes"`
	RequestPackets  *graph.Int `json:"requestPackets"`
	ResponsePackets *graph.Int `json:"responsePackets"`
	Records         graph.Int  `json:"records"`
	Opened          *graph.Int `json:"opened"`
	Observer        string     `json:"observer"`
	Provider        string     `json:"provider,omitempty"`
	Interface       string     `json:"interface,omitempty"`
	Log             string     `json:"log,omitempty"`
	OrientedBy      string     `json:"orientedBy"`
	Object          string     `json:"object"`
}

func rowOf(f *query.FlowRow) flowRow {
	row := flowRow{First: f.FirstSeen, Last: f.LastSeen, Client: f.Client.String(), Server: f.Server.String(), Protocol: query.ProtocolOf(f.Protocol, f.HasPort),
		Verdict: f.Verdict.String(), RequestBytes: graph.Known(f.RequestBytes), ResponseBytes: graph.Known(f.ResponseBytes),
		RequestPackets: graph.Known(f.RequestPackets), ResponsePackets: graph.Known(f.ResponsePackets), Records: graph.Int(f.Records), Opened: graph.Known(f.Opened),
		Observer: f.Observer.String(), OrientedBy: f.OrientedBy.String(), Object: f.URI}
	if f.HasPort {
		p := int(f.ServerPort)
		row.Port, row.PortName = &p, periplus.ServiceName(f.ServerPort, f.Protocol)
	}
	if f.Note != nil {
		row.Reason = f.Note.Reason
	}
	if f.Place != nil {
		row.Provider, row.Interface, row.Log = f.Place.Provider, f.Place.Interface, f.Place.Log
	}
	return row
}

// flows answers a page of rows as JSON, or streams all of them as CSV or a
// line of JSON each.
func (s *Server) flows(w http.ResponseWriter, r *http.Request) {
	a, err := s.ask(r)
	if err == nil {
		err = s.narrow(&a, r)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	limit, err := number(r.URL.Query(), "limit", 50, 1000)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	accept := r.Header.Get("Accept")
	format := r.URL.Query().Get("format") // a link cannot say what it accepts
	switch format {
	case "", "json":
	case "csv", "ndjson":
		w.Header().Set("Content-Disposition", `attachment; filename="periplus-flows.`+format+`"`)
	default:
		s.fail(w, r, bad(fmt.Sprintf("there is no format %q of rows", format), "use json, csv or ndjson"))
		return
	}
	switch {
	case format == "csv" || strings.Contains(accept, "text/csv"):
		s.streamRows(w, r, a, "text/csv; charset=utf-8", csvRows(w))
	case format == "ndjson" || strings.Contains(accept, "application/x-ndjson"):
		enc := json.NewEncoder(w)
		s.streamRows(w, r, a, "application/x-ndjson", func(row *flowRow) error {
			if row == nil {
				return nil
			}
			return enc.Encode(row)
		})
	default:
		s.json(func(r *http.Request) (any, error) {
			page, err := s.Questions.Rows(r.Context(), a, r.URL.Query().Get("cursor"), limit)
			if err != nil {
				return nil, err
			}
			out := struct {
				Rows []flowRow `json:"rows"`
				Next string    `json:"next,omitempty"`
			}{[]flowRow{}, page.Next}
			var ends []netip.Addr
			for i := range page.Rows {
				ends = append(ends, page.Rows[i].Client, page.Rows[i].Server)
			}
			names, err := s.Questions.Names(r.Context(), page.Range, ends)
			if err != nil {
				return nil, err
			}
			for i := range page.Rows {
				f := &page.Rows[i]
				row := rowOf(f)
				row.ClientName, row.ServerName = names[f.Client], names[f.Server]
				out.Rows = append(out.Rows, row)
			}
			return out, nil
		})(w, r)
	}
}

// narrow adds the node or edge that the rows are asked for to the filter.
func (s *Server) narrow(a *query.Ask, r *http.Request) error {
	for _, p := range []struct{ name, side string }{{"node", ""}, {"s", "client."}, {"t", "server."}} {
		id := r.URL.Query().Get(p.name)
		if id == "" {
			continue
		}
		k, err := query.ParseKey(id)
		if err != nil {
			return bad(p.name+": "+err.Error(), "")
		}
		f, err := query.Parse(filterOf(k, p.side), s.now())
		if err != nil {
			return fmt.Errorf("filter of %s: %w", id, err)
		}
		a.Filter = a.Filter.And(f)
	}
	return nil
}

// streamRows writes all pages. An error in the middle can only cut the answer off,
// which the reader sees as an incomplete transfer.
func (s *Server) streamRows(w http.ResponseWriter, r *http.Request, a query.Ask, kind string, write func(*flowRow) error) {
	w.Header().Set("Content-Type", kind)
	for cursor := ""; ; {
		page, err := s.Questions.Rows(r.Context(), a, cursor, 1000)
		if err != nil {
			if cursor == "" {
				w.Header().Del("Content-Disposition")
				s.fail(w, r, err)
				return
			}
			panic(http.ErrAbortHandler)
		}
		for i := range page.Rows {
			row := rowOf(&page.Rows[i])
			if err := write(&row); err != nil {
				return // the reader has gone
			}
		}
		if cursor = page.Next; cursor == "" {
			_ = write(nil)
			return
		}
	}
}

func csvRows(w http.ResponseWriter) func(*flowRow) error {
	c := csv.NewWriter(w)
	head := true
	return func(r *flowRow) error {
		if head {
			head = false
			if err := c.Write([]string{"first_seen", "last_seen", "client", "server", "protocol", "server_port", "verdict", "reason", "request_packets", "request_bytes", "response_packets", "response_bytes", "records", "observer", "provider", "interface", "log", "object"}); err != nil {
				return err
			}
		}
		if r == nil {
			c.Flush()
			return c.Error()
		}
		n := func(v *graph.Int) string {
			if v == nil {
				return ""
			}
			return fmt.Sprint(int64(*v))
		}
		port := ""
		if r.Port != nil {
			port = fmt.Sprint(*r.Port)
		}
		return c.Write([]string{r.First.UTC().Format(time.RFC3339), r.Last.UTC().Format(time.RFC3339), r.Client, r.Server, r.Protocol, port, r.Verdict, graph.Cell(r.Reason),
			n(r.RequestPackets), n(r.RequestBytes), n(r.ResponsePackets), n(r.ResponseBytes), fmt.Sprint(int64(r.Records)), r.Observer, r.Provider, graph.Cell(r.Interface), graph.Cell(r.Log), graph.Cell(r.Object)})
	}
}
