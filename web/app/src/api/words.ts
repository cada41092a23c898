// The files of this folder are the contract with the server: what each address
// under ./api/v1/ takes and answers. web/*.go writes these shapes; a field that
// may be missing is marked `?`, and the page must do without it. This one has
// the words that all of them use.
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
