// What the user dragged, as state: in the URL, and remembered for the data set
// in this browser. The URL wins.
import { computed, effect, signal, untracked } from '@preact/signals';
import { go, meta, view } from '../state';
import type { Pin, Pins } from './move';
import { decodePins, encodePins, readPins } from './pincode';

/** pins are where things are now, while they are dragged too. */
export const pins = signal<Pins>(new Map());
/** settled are the pins of finished drags. */
export const settled = signal<Pins>(pins.value);
/** given are pins that came from the URL: by a link, by Back, from an earlier visit. */
export const given = signal<Pins>(pins.value);

let text = ''; // of the URL, as it is known here
let turn = 0;

const take = (p: Pins): void => {
  pins.value = settled.value = given.value = p;
};

effect(() => {
  const now = view.value.pins;
  if (now === text) return;
  text = now;
  const mine = ++turn;
  const short = readPins(now);
  if (short) take(short);
  else void decodePins(now).then((p) => mine === turn && take(p));
});

/**
 * dataset names the data for this browser's memory: what was read, by name.
 * Not when: new data of the same logs is the same network.
 */
const dataset = computed(() => {
  const m = meta.value.data;
  if (!m) return '';
  let h = 2166136261;
  for (const c of m.sources
    .map((s) => s.name)
    .sort()
    .join('\n'))
    h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  return `periplus.pins.${(h >>> 0).toString(36)}`;
});

let asked = '';
effect(() => {
  const key = dataset.value;
  const now = view.value.pins;
  if (!key) return;
  try {
    if (asked !== key) {
      asked = key;
      const kept = localStorage.getItem(key);
      if (!now && kept) return untracked(() => go({ pins: kept }, true));
    }
    if (now) localStorage.setItem(key, now);
    else localStorage.removeItem(key);
  } catch {
    // Storage may be closed; the URL holds them.
  }
});

/** keep ends a drag: one step that Back undoes, or a part of the one before. */
export async function keep(next: Pins, replace = false): Promise<void> {
  pins.value = settled.value = next;
  const mine = ++turn;
  const t = await encodePins(next);
  if (mine !== turn) return;
  text = t;
  go({ pins: t }, replace);
}

/** name is the pin's key in a layout. */
const name = (id: string): string => (view.value.layout === 'force' ? `~${id}` : id);
export const isPinned = (id: string): boolean => pins.value.has(name(id));

export function release(id: string): boolean {
  if (!isPinned(id)) return false;
  const next = new Map(pins.value);
  next.delete(name(id));
  void keep(next);
  return true;
}

export const withPin = (id: string, p: Pin): Pins => new Map([...pins.value, [id, p]]);
