// What the page gives away: pictures made here, files made by the server, links.

import { save } from '../act/save';
import { copy } from '../act/target';
import { draw } from '../map/canvas';
import type { Box } from '../map/geometry';
import { labels, layout, marks, plainMarks, size, summary, theme } from '../map/model';
import { svgOf } from '../map/svg';
import { at } from '../map/zoom';
import { exportURL, meta, say, tabled, times, view } from '../state';
import { frozen, toURL } from '../view';
import { Drop } from './Drop';

const pad = 16;
/** frame is the part of the map that a picture shows: all of it, or what is in the window. */
function frame(whole: boolean): Box {
  if (!whole) {
    const [x, y] = at.value.invert([0, 0]);
    return { x, y, w: size.value.w / at.value.k, h: size.value.h / at.value.k };
  }
  const { x, y, w, h } = layout.value!.size;
  return { x: x - pad, y: y - pad, w: w + 2 * pad, h: h + 2 * pad };
}
// All of the map is drawn as it is; what is seen, with what is dimmed and labelled.
const pictureOf = (whole: boolean) => (whole ? plainMarks() : [...marks.value, ...labels.value]);

export function saveSVG(whole: boolean): void {
  if (layout.value)
    save(
      svgOf(pictureOf(whole), frame(whole), theme.value.back, `Periplus: ${summary.value}`),
      'image/svg+xml',
      'periplus.svg',
    );
}

/** most is what browsers draw at once: pixels of a side, and in all. */
const most = { side: 16000, all: 1.2e8 };
export const pngScale = (b: Box, wanted: number): number =>
  Math.min(wanted, most.side / b.w, most.side / b.h, Math.sqrt(most.all / (b.w * b.h)));

export function savePNG(whole: boolean): void {
  if (!layout.value) return;
  const b = frame(whole);
  const s = pngScale(b, 2 * (whole ? 1 : at.value.k));
  const c = document.createElement('canvas');
  c.width = Math.round(b.w * s);
  c.height = Math.round(b.h * s);
  const g = c.getContext('2d')!;
  g.fillStyle = theme.value.back;
  g.fillRect(0, 0, c.width, c.height);
  g.setTransform(s, 0, 0, s, -b.x * s, -b.y * s);
  draw(g, pictureOf(whole), whole ? 1 : at.value.k);
  c.toBlob((file) => {
    if (file) save(file, 'image/png', 'periplus.png');
    else say('The browser could not make so large a picture; SVG has no limit');
  });
}

/** copyLink copies the address; frozen: with its times made absolute, so that it shows the same tomorrow. */
export function copyLink(still = false): Promise<void> {
  const v = still && times.value ? toURL(frozen(view.value, times.value)) : location.search;
  return copy(new URL(v || '?', location.href).href, 'Link');
}

const titles: Record<string, string> = {
  dot: 'DOT (Graphviz)',
  json: 'JSON',
  csv: 'CSV',
  graphml: 'GraphML',
  mermaid: 'Mermaid',
};

export function Export() {
  return (
    <Drop name="Export" icon="download" menu>
      {(close) => {
        const items: [string, () => void][] = [
          ['PNG, what is seen', () => savePNG(false)],
          ['PNG, whole map', () => savePNG(true)],
          ['SVG, what is seen', () => saveSVG(false)],
          ['SVG, whole map', () => saveSVG(true)],
        ];
        const links: [string, () => void][] = [
          ['Copy link', () => void copyLink()],
          ['Copy link, time frozen', () => void copyLink(true)],
        ];
        const button = ([text, run]: [string, () => void]) => (
          <button
            type="button"
            role="menuitem"
            key={text}
            onClick={() => {
              close();
              run();
            }}
          >
            {text}
          </button>
        );
        return (
          <>
            {!tabled.value && items.map(button)}
            {(meta.value.data?.exports ?? []).map((f) => (
              <a
                key={f}
                role="menuitem"
                href={exportURL(f)}
                download={`periplus.${f === 'mermaid' ? 'mmd' : f}`}
                onClick={close}
              >
                {titles[f] ?? f}
              </a>
            ))}
            {links.map(button)}
          </>
        );
      }}
    </Drop>
  );
}
