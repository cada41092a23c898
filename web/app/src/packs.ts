// Packs of official icons, drawn in the place of the glyphs where the view asks
// for one: pictures that the server holds. Each is fetched once, kept as a data
// URI and an image, so that the map, the panels and an exported file show it.
import { signal } from '@preact/signals';
import { url } from './api/client';
import { meta, view } from './state';

export interface Pack {
  data: string; // data:image/svg+xml;base64,…
  image: HTMLImageElement;
}

const known = new Map<string, Pack | null>(); // null: on its way, or there is none
const arrived = signal(0);

async function fetched(address: string): Promise<void> {
  const res = await fetch(address);
  if (!res.ok) return; // its glyph stays
  const bytes = new Uint8Array(await res.arrayBuffer());
  let text = '';
  for (const b of bytes) text += String.fromCharCode(b);
  const image = new Image(48, 48);
  image.src = `data:image/svg+xml;base64,${btoa(text)}`;
  await image.decode();
  known.set(address, { data: image.src, image });
  arrived.value++;
}

/** packed is the picture of a kind of node; undefined: its glyph is drawn. */
export function packed(kind: string): Pack | undefined {
  const wanted = view.value.icons;
  const m = meta.value.data;
  if (!wanted || !m) return;
  void arrived.value;
  const packs = m.icons?.find((i) => kind.startsWith(`${i.provider}.`))?.packs;
  // Of two packs the one that came later was given by the user.
  const pack = packs?.filter((p) => wanted.split(',').includes(p)).pop();
  if (!pack) return;
  const address = url(`icons/${pack}/${encodeURIComponent(kind)}.svg`, { v: m.iconsVersion });
  if (!known.has(address)) {
    known.set(address, null);
    fetched(address).catch(() => {}); // a picture that cannot be had is no picture
  }
  return known.get(address) ?? undefined;
}

/** choices are the values of the view's icons: the glyphs, all packs, each pack. */
export const choices = (): string[] => {
  const names = [...new Set(meta.value.data?.icons?.flatMap((i) => i.packs))];
  return [...new Set(['', names.join(','), ...names])];
};
