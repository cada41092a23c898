// Where playback goes, without a browser.
import type { Times } from '../view';

/** first is where playback begins: as wide as what was chosen, or a 24th of the window, in whole bins. */
export function first(t: Times, bin: number): [number, number] {
  const [a, b] = t.window;
  const chosen = t.range[1] - t.range[0];
  const size = chosen < b - a ? chosen : Math.max(1, Math.round((b - a) / 24 / bin)) * bin;
  return [a, Math.min(b, a + size)];
}

/** next is a bin later; null at the end of the window. */
export function next(t: Times, bin: number): [number, number] | null {
  const [from, to] = t.range;
  const by = Math.min(bin, t.window[1] - to);
  return by > 0 ? [from + by, to + by] : null;
}
