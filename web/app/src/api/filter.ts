// What helps to ask: values, completion, the filter as it was understood, search, findings.
import type { Ref } from './panels';

// ---------------------------------------------------------------- /facets
// GET /facets?fields=port,network&limit=10

export interface FacetValue {
  value: string; // as the filter takes it
  label?: string; // "https"
  b?: number | null;
  p?: number | null;
  r: number;
  denied?: number; // records that were stopped: denied or dropped
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
