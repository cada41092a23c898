// Marks: the few kinds of things that a picture is made of, and what a picture
// is made from.
import type { Glyph } from '../glyph';
import type { Pack } from '../packs';
import type { Point } from './geometry';
import type { Route } from './routes';
import type { Scene } from './scene';
import type { Theme } from './theme';
import type { Layout } from './tiers';

/** Seen says at which scales of the window a mark is drawn: from (with) and to (without). */
export interface Seen {
  from?: number;
  to?: number;
}

/** Texts smaller than this on the screen are not drawn: nobody could read them. */
export const legible = 8.95;

export type Mark = Seen & Shape;

export type Shape =
  | {
      m: 'rect';
      x: number;
      y: number;
      w: number;
      h: number;
      r: number;
      fill?: string;
      line?: string;
      width?: number;
      dash?: number[];
      a: number;
    }
  | {
      m: 'path';
      d: string;
      line: string | Gradient;
      width: number;
      dash?: number[];
      round?: boolean;
      a: number;
    }
  | { m: 'fill'; d: string; fill: string; a: number }
  | { m: 'dot'; x: number; y: number; r: number; fill?: string; line?: string; width?: number; a: number }
  | { m: 'image'; of: Pack; x: number; y: number; size: number; a: number }
  | { m: 'glyph'; name: Glyph; x: number; y: number; size: number; line: string; a: number }
  | {
      m: 'text';
      x: number;
      y: number;
      text: string;
      font: Font;
      fill: string;
      anchor?: 'middle' | 'end';
      halo?: string;
      a: number;
      /** How small it may be on the screen; undefined: legible. */
      least?: number;
    };

export interface Gradient {
  from: string;
  to: string;
  a: Point;
  b: Point;
}

export interface Font {
  size: number;
  weight: number;
  mono?: boolean;
}

export const family = '"Inter Variable", Inter, system-ui, sans-serif';
export const fontText = (f: Font): string =>
  `${f.weight} ${f.size}px ${f.mono ? 'ui-monospace, monospace' : family}`;
export const scaled = (f: Font, z: number): Font => (z === 1 ? f : { ...f, size: f.size * z });
export type Measure = (text: string, font: Font) => number;

export interface Focus {
  nodes: Set<string>; // card ids that stay bright
  edges: Set<string>; // edge keys
  /** Cards in focus with all that they hold. */
  whole?: Set<string>;
  selected: Set<string>; // node ids
  edge: string; // selected edge's key
  labels: boolean;
}

export interface Picture {
  scene: Scene;
  layout: Layout;
  /** Also without a focus every path says its label. */
  labels?: boolean;
  routes: Route[];
  theme: Theme;
  measure: Measure;
  focus: Focus | null;
  /** The official picture of a kind; without one its glyph is drawn. */
  packed?: (kind: string) => Pack | undefined;
}

/** fit cuts a text to a width and says so by an ellipsis. */
export function fit(text: string, font: Font, width: number, measure: Measure): string {
  if (measure(text, font) <= width) return text;
  let lo = 0;
  let hi = text.length;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if (measure(`${text.slice(0, mid)}…`, font) <= width) lo = mid;
    else hi = mid - 1;
  }
  return lo > 0 ? `${text.slice(0, lo).trimEnd()}…` : '';
}
