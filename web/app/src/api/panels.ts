// What the brush and the panels show: time, one node, one path, and the rows behind them.
import type { Answer, At, Level, Provider, Range, Verdict, Verdicts } from './words';

// ---------------------------------------------------------------- /timeline
// GET /timeline?bins=96 : columns of equal length, bin i begins at t0 + i*step.
// null in a column: nothing known of that bin. A verdict without data is missing.

export interface Column {
  bytes: (number | null)[];
  records: (number | null)[];
  packets?: (number | null)[];
}

/** lost: the logs say so (SKIPDATA). missing: a log has entries before and after, and none here. */
export interface Gap extends Range {
  kind?: 'lost' | 'missing';
  logs?: number; // how many, at most in any hour of it
}

export interface Timeline {
  t0: string;
  step: number; // seconds
  allowed?: Column;
  denied?: Column;
  dropped?: Column;
  unknown?: Column;
  gaps?: Gap[]; // of the answer to /timeline only: spans in which logs lack records
}

// ---------------------------------------------------------------- /nodes/{id}, /edges
// GET /nodes/{id}: id is one path segment, percent-encoded ("/" is %2F).
// GET /edges?s=ID&t=ID
// Both take the common parameters. 404 code "not_found" when nothing of it is
// in the range.

export interface Ref {
  id: string;
  label: string;
  kind: string;
  provider?: Provider;
}

export interface PortRow {
  proto: string;
  port: number | null;
  name?: string;
  v: Verdict;
  reason?: string; // rule or drop reason
  at?: At;
  answer?: Answer;
  unanswered?: number; // of /edges only
  peer?: Ref; // of /nodes only
  dir?: 'in' | 'out'; // of /nodes only: in = the node is the server
  b?: number | null;
  p?: number | null;
  r: number;
  o?: number | null;
}

export interface Peer extends Ref {
  dir: 'in' | 'out'; // in: the peer is the client
  verdicts: Verdicts;
}

/** Why and where packets were stopped; reason and at are '' where no log says it. */
export interface Stop {
  v: Verdict;
  at?: At;
  reason?: string;
  r: number;
}

export interface NodeDetails extends Ref {
  level: Level | 'internet' | 'services';
  path: { kind: string; id: string; label: string }[]; // outermost first
  count: number;
  addresses: string[]; // at most 20, pseudonyms where they are on
  moreAddresses?: number;
  account?: string;
  region?: string;
  zone?: string;
  network?: string;
  subnet?: string;
  service?: string;
  country?: string;
  asn?: string;
  owner?: string;
  tags?: Record<string, string>;
  namedBy?: string; // file, inventory, log, cloud, geo; '' when only the address is known
  in: Verdicts;
  out: Verdicts;
  series: Timeline; // in and out together, at most 96 bins
  peers: Peer[]; // at most 20, by metric; stopped ones always have a share
  morePeers?: number;
  ports: PortRow[]; // at most 40: what it serves and what it asks of others
  morePorts?: number;
  stops?: Stop[]; // at most 20; missing: as far as ports say it
  first: string;
  last: string;
  filter: string; // the filter that selects it: `service = "web"`
}

export interface EdgeDetails {
  s: Ref;
  t: Ref;
  verdicts: Verdicts;
  answer?: Answer;
  unanswered?: number;
  series: Timeline;
  ports: PortRow[]; // at most 50
  morePorts?: number;
  stops?: Stop[];
  seenBy?: Record<string, number>; // records by seen_by
  first: string;
  last: string;
  sampled?: boolean;
  incomplete?: boolean;
  filter: string;
}

// ---------------------------------------------------------------- /flows
// GET /flows?node=ID | s=ID&t=ID, &limit=50&cursor=: rows of the evidence in order
// of time (of its buckets of five minutes), each with the object that it was read from. With format=csv or
// format=ndjson (or such an Accept header) all rows are streamed as a file.

export interface FlowRow {
  first: string;
  last: string;
  client: string;
  server: string;
  clientName?: string;
  serverName?: string;
  proto: string;
  port: number | null;
  verdict: Verdict;
  reason?: string;
  requestBytes: number | null;
  responseBytes: number | null;
  requestPackets: number | null;
  responsePackets: number | null;
  records: number;
  opened?: number | null;
  observer: string; // client, server, middle, leg, unknown
  provider?: Provider;
  interface?: string;
  log?: string;
  orientedBy?: string;
  object: string; // URI of the log object
}

export interface Flows {
  rows: FlowRow[];
  next?: string | null; // cursor of the next page
  total?: number; // rows in all, where it is cheap to say
}
