// What there is to ask of: the sources, their extent, and what this server can do.
import type { Level, Range } from './words';

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

// ---------------------------------------------------------------- /icons
// GET /icons/{pack}/{key}.svg?v=META.iconsVersion : an image, 404 where the pack
// has none (the page draws its glyph).
