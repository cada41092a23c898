// Pins as the URL carries them: id*x*y*id*x*y…, and where that is long the same
// text compressed, as base64url, which has no `*`.
import type { Pin, Pins } from './move';

const long = 400;

const plain = (pins: Pins): string =>
  [...pins]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, p]) => `${id.replace(/[%*]/g, (c) => (c === '%' ? '%25' : '%2A'))}*${p.x}*${p.y}`)
    .join('*');

function read(text: string): Map<string, Pin> {
  const out = new Map<string, Pin>();
  const list = text.split('*');
  for (let i = 0; i + 2 < list.length; i += 3) {
    const [x, y] = [Number(list[i + 1]), Number(list[i + 2])];
    if (!list[i] || !Number.isFinite(x) || !Number.isFinite(y)) continue;
    out.set(list[i].replace(/%2A/g, '*').replace(/%25/g, '%'), { x, y });
  }
  return out;
}

const through = async (bytes: BlobPart, by: CompressionStream | DecompressionStream): Promise<Uint8Array> =>
  new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(by)).arrayBuffer());

export async function encodePins(pins: Pins): Promise<string> {
  const text = plain(pins);
  if (text.length <= long || typeof CompressionStream === 'undefined') return text;
  const bytes = await through(text, new CompressionStream('deflate-raw'));
  let s = '';
  for (const b of bytes) s += String.fromCharCode(b);
  return btoa(s).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** decodePins reads what it can: a link that was cut still opens. */
export async function decodePins(text: string): Promise<Map<string, Pin>> {
  if (!text || text.includes('*')) return read(text);
  try {
    const s = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(s, (c) => c.charCodeAt(0));
    return read(new TextDecoder().decode(await through(bytes, new DecompressionStream('deflate-raw'))));
  } catch {
    return new Map();
  }
}

/** readPins reads the short form at once; null: it is compressed. */
export const readPins = (text: string): Map<string, Pin> | null =>
  !text || text.includes('*') ? read(text) : null;
