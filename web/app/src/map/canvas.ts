// The painter: a paint list on a Canvas 2D context.
import { outline } from '../glyphs';
import { fontText, legible, type Mark, type Measure } from './marks';

const paths = new Map<string, Path2D>();
const pathOf = (d: string): Path2D => {
  let p = paths.get(d);
  if (!p) {
    if (paths.size > 20000) paths.clear();
    p = new Path2D(d);
    paths.set(d, p);
  }
  return p;
};

export function draw(g: CanvasRenderingContext2D, marks: Mark[], scale: number, least = legible): void {
  // What is smaller than a few pixels says nothing and costs most.
  const tiny = scale < 0.34;
  for (const k of marks) {
    if ((k.from && scale < k.from) || (k.to && scale >= k.to)) continue;
    g.globalAlpha = k.a;
    switch (k.m) {
      case 'rect':
        g.beginPath();
        g.roundRect(k.x, k.y, k.w, k.h, k.r);
        if (k.fill) {
          g.fillStyle = k.fill;
          g.fill();
        }
        if (k.line) stroke(g, k.line, k.width ?? 1, k.dash);
        break;
      case 'path': {
        if (typeof k.line === 'string') g.strokeStyle = k.line;
        else if (tiny) g.strokeStyle = k.line.to;
        else {
          const grad = g.createLinearGradient(k.line.a.x, k.line.a.y, k.line.b.x, k.line.b.y);
          grad.addColorStop(0.15, k.line.from);
          grad.addColorStop(0.85, k.line.to);
          g.strokeStyle = grad;
        }
        g.lineWidth = k.width;
        g.lineCap = k.round ? 'round' : 'butt';
        g.setLineDash(k.dash ?? []);
        g.stroke(pathOf(k.d));
        break;
      }
      case 'fill':
        if (scale < 0.2) break;
        g.fillStyle = k.fill;
        g.fill(pathOf(k.d));
        break;
      case 'dot':
        g.beginPath();
        g.arc(k.x, k.y, k.r, 0, 7);
        if (k.fill) {
          g.fillStyle = k.fill;
          g.fill();
        }
        if (k.line) stroke(g, k.line, k.width ?? 1);
        break;
      case 'image':
        g.drawImage(k.of.image, k.x, k.y, k.size, k.size);
        break;
      case 'glyph': {
        if (k.size * scale < 3.5) break;
        const s = k.size / 24;
        g.save();
        g.translate(k.x, k.y);
        g.scale(s, s);
        g.lineCap = 'round';
        g.lineJoin = 'round';
        stroke(g, k.line, 2, undefined, pathOf(outline(k.name)));
        g.restore();
        break;
      }
      case 'text':
        if (k.font.size * scale < (k.least ?? least)) break;
        g.font = fontText(k.font);
        g.textAlign = k.anchor === 'middle' ? 'center' : k.anchor === 'end' ? 'right' : 'left';
        if (k.halo) {
          g.setLineDash([]);
          g.lineJoin = 'round';
          g.lineWidth = 3;
          g.strokeStyle = k.halo;
          g.strokeText(k.text, k.x, k.y);
        }
        g.fillStyle = k.fill;
        g.fillText(k.text, k.x, k.y);
    }
  }
  g.globalAlpha = 1;
}

function stroke(
  g: CanvasRenderingContext2D,
  line: string,
  width: number,
  dash?: number[],
  path?: Path2D,
): void {
  g.strokeStyle = line;
  g.lineWidth = width;
  g.setLineDash(dash ?? []);
  if (path) g.stroke(path);
  else g.stroke();
}

/**
 * measurer measures text as the painter will draw it: letter by letter, so that
 * thousands of names cost as much as an alphabet. Kerning is left out; it is
 * less than what is kept free beside a text.
 */
export function measurer(g: CanvasRenderingContext2D): Measure {
  const fonts = new Map<string, Map<string, number>>();
  return (text, font) => {
    const f = fontText(font);
    let known = fonts.get(f);
    if (!known) fonts.set(f, (known = new Map()));
    let sum = 0;
    for (const c of text) {
      let w = known.get(c);
      if (w === undefined) {
        g.font = f;
        w = g.measureText(c).width;
        known.set(c, w);
      }
      sum += w;
    }
    return sum;
  };
}
