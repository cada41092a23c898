// The contract with the server: what each address under ./api/v1/ takes and
// answers. web/*.go writes these shapes; a field that may be missing is marked
// `?`, and the page must do without it.
//
// Common parameters of graph, timeline, nodes, edges, flows, facets, export:
//   from, to   RFC 3339, or -6h / now
//   q          the filter, as typed
//   hide       a filter too: what it matches is taken out (q and not (hide)). A
//              mistake in it is an error of code "hide", pos and len count in hide
//   metric     bytes | packets | records | opened  (what top-K orders by)
//   show       all | allowed | denied | dropped | unknown
//
// Rules of the shapes
//   - Times are RFC 3339 in UTC.
//   - A counter that the logs do not hold is null or missing. It is never 0.
//   - A number above 2^53 may come as a string of digits (see counters below).
//   - Lists are never null; an empty one may be left out where marked `?`.
//   - Every error is {"error":{code,message,hint?,pos?,len?}} with a 4xx or 5xx
//     status; pos and len count characters (runes) of q from 0.

export type Verdict = 'allowed' | 'denied' | 'dropped' | 'unknown';
export type Metric = 'bytes' | 'packets' | 'records' | 'opened';
export type Show = 'all' | Verdict;
export type Level = 'provider' | 'account' | 'region' | 'network' | 'subnet' | 'service' | 'host';
export type Provider = 'aws' | 'gcp' | 'azure' | '';
export type Tier = 'public' | 'app' | 'data' | '';
/** Where it was stopped, seen from the conversation's path. '' : not known. */
export type At = 'client' | 'server' | 'middle' | '';
/** none: the log could have shown an answer and did not. */
export type Answer = 'seen' | 'none' | 'unknown';

/** Both directions of the conversation together. null: the logs do not say. */
export interface Counter {
  b?: number | null; // bytes
  p?: number | null; // packets
  r: number; // records
  o?: number | null; // connections opened
}

export interface Stopped extends Counter {
  at?: At;
}

/** A verdict without a record is missing. */
export interface Verdicts {
  allowed?: Counter;
  denied?: Stopped;
  dropped?: Stopped;
  unknown?: Counter;
}

export interface Range {
  from: string;
  to: string;
}

// ---------------------------------------------------------------- /meta

export interface Field {
  name: string; // "port", "ip", "network" …
  type: 'text' | 'ip' | 'number' | 'bytes' | 'enum';
  /** It is of an end: alone for either, or after client. and server. */
  end?: boolean;
  ops: string[]; // "=", "!=", "in", "not in", "~", "<" …
  values?: string[]; // of an enum
  doc?: string;
}

export interface Source {
  name: string; // "aws", a path, a bucket
  state: 'ok' | 'reading' | 'error';
  objects?: number;
  records?: number;
  bad?: number;
  message?: string; // the error
}

export interface Meta {
  version: string;
  sources: Source[];
  /** True while new data may arrive: open /stream. False for data that stands still. */
  live: boolean;
  /** Changes with the data; `event: data` of /stream tells the new one. */
  mark?: string;
  /** First and last time in the data; null: no data yet. */
  extent: Range | null;
  /** Files may be dropped on the page: POST /ingest. */
  drop?: boolean;
  /** Bytes that one drop may bring. */
  dropLimit?: number;
  /** The simulated company may be read in: POST /ingest/demo. */
  demo?: boolean;
  /** Views can be saved: GET, PUT, DELETE /views. */
  views?: boolean;
  buckets: number[]; // seconds: 300, 3600, 86400
  fields: Field[];
  levels: Level[];
  /** Packs of official icons for nodes whose kind begins with "PROVIDER."; the glyphs are no pack. */
  icons?: { provider: string; packs: string[] }[];
  /** Goes into `?v=` of an icon's address, so that it can be kept for good. */
  iconsVersion?: string;
  pseudonyms: { on: boolean; forced: boolean };
  caps: { nodes: number; edges: number; maxNodes: number; maxEdges: number };
  exports: string[]; // dot, json, csv, graphml, mermaid
}

// ---------------------------------------------------------------- /graph
// GET /graph?level=service&expand=ID,ID&limitNodes=400&limitEdges=1500
//
// The internet: strangers stand with their countries (inet:cc:DE), those of no
// known country as inet:, those who only scan as inet:scanners. A country opens
// to systems (inet:as:3320@DE), a system to prefixes (inet:net:192.0.2.0/24@DE/3320),
// a prefix to hosts; a step of one child is skipped. So at every level, host too.
// The filter `node = "ID"` selects exactly a node, whatever its kind; client.node
// and server.node one end.
//
// What is grouped: a node's key is its level, or the level below for an id in
// expand (expanding an id that is not there does nothing; ids in expand are
// percent-encoded one by one, then joined with ","). An expanded key is in
// groups with its own kind, and what it holds has it as parent: an expanded
// service is {kind:"service"} and its hosts are nodes under it.
//
// Where a node stands is said by the root of its parents:
//   internet   a group of kind "internet" (left column)
//   services   groups of kind "services", one a provider (right column)
//   otherwise  a network row; parent null = "network not known"
// At level service and host the groups are networks and subnets. Above that,
// the groups are the level's parent (networks for subnet, accounts for network
// and region, providers for account); nothing else.

export type GroupKind =
  | 'provider'
  | 'account'
  | 'region'
  | 'network'
  | 'subnet'
  | 'service'
  | 'internet'
  | 'services'
  | 'country' // these are opened groups of the internet
  | 'asn'
  | 'net'
  | 'scanners'
  | 'special';

export interface Group {
  id: string;
  parent: string | null;
  kind: GroupKind;
  label: string;
  provider?: Provider;
  icon?: string; // key of "Icon keys"; of an expanded service
  cidr?: string[];
  cidrSeen?: boolean; // cidr is only the tightest prefixes that hold the addresses seen
  country?: string;
  region?: string;
  account?: string;
  tier?: Tier; // of a subnet; '' or missing: nobody knows (drawn with app)
  endpoints?: number; // addresses below it in this range
}

export interface GraphNode {
  id: string;
  parent: string | null;
  kind: string; // key of "Icon keys": aws.ec2, net.country, gen.unknown
  label: string;
  provider?: Provider;
  detail?: string; // short second text: a host's address, a country's ASNs, "Lambda"
  service?: string; // of a host: id of its group at level service
  country?: string; // ISO 3166 alpha-2, for the badge
  region?: string; // that all members share, as account
  account?: string;
  cidr?: string[]; // of a network or subnet, as a Group's
  cidrSeen?: boolean;
  tier?: Tier; // of a subnet, and of what stands in none
  count?: number; // endpoints in it; missing: 1
  expandable?: boolean; // the level below has more than this one
  in: Counter; // as the server of a path, all verdicts
  out: Counter; // as the client of a path
  self?: Counter; // between members of this node
  denied?: { in: number; out: number }; // records
  /** scanner: strangers who try many doors and find nearly all shut (see docs/names.md); health: health checks. */
  flags?: string[];
}

export interface EdgePort {
  proto: string; // tcp, udp, icmp, or the number
  port: number | null;
  name?: string; // https
  v: Verdict;
  b?: number | null;
  p?: number | null;
  r: number;
  answer?: Answer; // of what was let through
  unanswered?: number; // as an edge's
}

/** One ordered pair, client to server; replies are in it. */
export interface GraphEdge {
  s: string;
  t: string;
  verdicts: Verdicts;
  answer?: Answer; // of what was let through: none where nothing was ever answered
  /**
   * Records that were let through and never answered, where the log could have
   * shown an answer. The filter answer = none finds exactly these.
   */
  unanswered?: number;
  ports?: EdgePort[]; // top 3
  morePorts?: number;
  first: string;
  last: string;
  sampled?: boolean;
  incomplete?: boolean;
}

export interface Totals {
  bytes: number | null;
  packets: number | null;
  records: number;
  opened?: number | null;
  denied: number; // records
  dropped?: number; // records
  unknown?: number; // records
  endpoints: number;
}

export interface Graph {
  range: Range; // as asked, widened to whole buckets
  level: Level;
  etag?: string;
  totals: Totals;
  groups: Group[];
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** What the caps left out; null or missing: nothing. */
  other?: {
    edges: number;
    nodes: number;
    b?: number | null;
    p?: number | null;
    r: number;
    o?: number | null;
    denied: number;
  } | null;
  /** With other: the next wider level. */
  higher?: Level;
  /** The part of the totals that is drawn, 0 to 1. */
  coverage?: { bytes: number; records: number; denied: number };
  /** Same packets met again behind NAT: in no total. */
  behindNAT?: Counter | null;
  /**
   * CODE or PROVIDER:CODE. Codes: sampled (counters are estimates), gaps (logs
   * lost records), nodata, unmeasured (denials without counters), widened (to
   * whole buckets), capped, building (hours still being merged). Any other text
   * is shown as it is.
   */
  notes?: string[];
  /** Only when edges is empty: the end of the nearest data that matches. */
  nearest?: string | null;
}

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
// GET /flows?node=ID | s=ID&t=ID, &limit=50&cursor=: rows of the evidence, the
// newest first, each with the object that it was read from. With format=csv or
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

// ---------------------------------------------------------------- /facets
// GET /facets?fields=port,network&limit=10

export interface FacetValue {
  value: string; // as the filter takes it
  label?: string; // "https"
  b?: number | null;
  p?: number | null;
  r: number;
  denied?: number;
}

export interface Facets {
  fields: Record<string, FacetValue[]>;
  more?: Record<string, number>;
}

// ---------------------------------------------------------------- /suggest, /parse
// GET /suggest?field=client.network&prefix=pro : values of a field; the names of
// fields and operators the page completes itself from /meta.

export interface Suggestions {
  values: { text: string; note?: string }[]; // text is ready to insert, quoted where it must be
}

// GET /parse?q= : 200 when it parses, else 400 with error.pos and error.len.

export interface Chip {
  text: string; // as shown: `port = 443`
  field: string;
  op: string;
  value: string;
  pos: number; // in `text` of Parsed
  len: number;
}

export interface Parsed {
  text: string; // normalised
  /** The parts of a flat `and` list; null when the filter is not one. */
  chips: Chip[] | null;
}

// ---------------------------------------------------------------- /findings

export interface Finding {
  id: string;
  severity: 'high' | 'medium' | 'low' | 'info';
  title: string;
  text?: string;
  nodes?: string[];
  edges?: { s: string; t: string }[];
  filter?: string;
}

export interface Findings {
  findings: Finding[];
  /** How many detections looked; missing or 0: there are none to look with. */
  detections?: number;
}

// ---------------------------------------------------------------- /search
// GET /search?text= : groups by name, id, address or tag, the best first.

export interface Found {
  nodes: Ref[];
}

// ---------------------------------------------------------------- changes
// POST, PUT and DELETE are answered to this page only: the browser's Origin or
// Sec-Fetch-Site must say so (fetch sends them by itself). JSON bodies need
// `Content-Type: application/json`.

// ---------------------------------------------------------------- /views
// GET /views, PUT /views/{name} with {"query": "v=1&level=host"}, DELETE
// /views/{name}: each answers Views as they are now, by name. The name is one
// path segment, percent-encoded. 404 with code "temporary" (the lake goes away
// at the end) or "read_only" where nothing can be saved (meta.views is false).
// 400 code "usage": a name of more than 100 characters or none, a query of more
// than 8 KiB; 409 code "full": 200 views are there.

export interface SavedView {
  name: string;
  query: string; // of the URL, without "?"
  saved: string; // RFC 3339
}

export interface Views {
  views: SavedView[];
}

// ---------------------------------------------------------------- /ingest
// POST /ingest, multipart/form-data: a part "file" for each file, whose
// filename is its relative path ("AWSLogs/…/x.log.gz": a dropped folder keeps
// its layout). 202 with the Job; 413 code "too_large", 400 "name" (.. or an
// absolute path), 404 "no_drop" where meta.drop is false.
// POST /ingest/demo: the simulated company, 202 with the Job.
// GET /ingest: {"jobs": Job[]}, the newest first; GET /ingest/{id}: Job, also
// after a reload; DELETE /ingest/{id} calls it off.
// One job runs at a time. What changes is told by /stream.

export interface Job {
  id: string;
  name: string; // "AWSLogs", "3 files", "demo"
  /** merging: the records are read and committed, the map is being brought up to date. */
  state: 'queued' | 'reading' | 'merging' | 'done' | 'failed' | 'stopped';
  objects: number; // files that hold something new, as far as they are listed
  done: number; // of these, read
  bytes: number; // of these objects, as stored
  doneBytes: number;
  records: number;
  skipped: number; // files that the lake has already
  failed: number; // files that could not be read
  empty: number; // files that held no record
  bad: Record<string, number>; // lines by kind: syntax, columns, range, time …
  /** The first few bad lines and unreadable files. */
  problems?: { file: string; line?: number; kind: string; message: string }[];
  /** Of the records that were read. */
  extent?: Range;
  /** Why it failed, or what it waits for. */
  error?: { code: string; message: string; hint?: string };
}

export interface Jobs {
  jobs: Job[];
}

// ---------------------------------------------------------------- /stream
// GET /stream with EventSource (server-sent events); comments keep it alive.
//   event: data    DataEvent, when the stream opens and when the data changes:
//                  ask again where `mark` is not the last one known.
//   event: ingest  Job, when the stream opens (jobs that are not over) and when
//                  one changes, at most a few times a second.
// It ends when the server does. A browser has six connections to a host, so a
// hidden page should close its stream.

export interface DataEvent {
  mark: string;
  extent: Range | null;
}

// ---------------------------------------------------------------- /icons
// GET /icons/{pack}/{key}.svg?v=META.iconsVersion : an image, 404 where the pack
// has none (the page draws its glyph).

// ---------------------------------------------------------------- the client

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = '',
    readonly pos = -1,
    readonly len = 0,
  ) {
    super(message);
  }
}

export type Params = Record<string, string | number | undefined>;

/** What a server that cannot be reached is called. */
const away = 'The Periplus server does not answer. Is it still running?';

export const url = (path: string, params: Params = {}): string => {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== '') q.set(k, String(v));
  const s = q.toString();
  return `./api/v1/${path}${s ? `?${s}` : ''}`;
};

export const get = <T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> =>
  ask<T>(url(path, params), { signal, headers: { Accept: 'application/json' } });

/** send changes something: a body that is no form goes as JSON. */
export const send = <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> =>
  ask<T>(
    url(path),
    body === undefined || body instanceof FormData
      ? { method, body }
      : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } },
  );

async function ask<T>(address: string, how: RequestInit): Promise<T> {
  let res: Response;
  try {
    res = await fetch(address, how);
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(0, 'unreachable', away);
  }
  const text = await res.text();
  if (res.ok) return parse<T>(text);
  throw problem(res.status, text);
}

/** problem reads the error envelope, or says what came instead of one. */
export function problem(status: number, text: string): ApiError {
  try {
    const e = JSON.parse(text).error;
    return new ApiError(status, e.code ?? 'error', e.message ?? 'unknown error', e.hint, e.pos, e.len);
  } catch {
    return new ApiError(status, 'error', text.trim().slice(0, 200) || `The server answered ${status}.`);
  }
}

// The keys whose values are counts. Their strings of digits (above 2^53) become
// numbers: the page shows three digits of them.
const counters = new Set(
  (
    'b p r o in out bytes packets records opened denied dropped unknown unanswered endpoints count total ' +
    'requestBytes responseBytes requestPackets responsePackets'
  ).split(' '),
);
const digits = /^\d{1,39}$/;
const long = /"\d{16,39}"/;
const plain = (v: unknown): unknown => (typeof v === 'string' && digits.test(v) ? Number(v) : v);

export function parse<T>(text: string): T {
  if (!long.test(text)) return JSON.parse(text) as T;
  return JSON.parse(text, (k, v) => {
    if (!counters.has(k)) return v;
    return Array.isArray(v) ? v.map(plain) : plain(v);
  }) as T;
}
