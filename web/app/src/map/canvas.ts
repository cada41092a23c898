// The painter: a paint list on a Canvas 2D context.
import { glyphs } from '../glyphs';
import { fontText, type Mark, type Measure } from './marks';

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

export function draw(g: CanvasRenderingContext2D, marks: Mark[], scale: number): void {
  const tiny = scale < 0.34; // texts of 3 pixels say nothing and cost most
  for (const k of marks) {
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
        const s = k.size / 24;
        g.save();
        g.translate(k.x, k.y);
        g.scale(s, s);
        g.lineCap = 'round';
        g.lineJoin = 'round';
        stroke(g, k.line, 2, undefined, pathOf(glyphs[k.name]));
        g.restore();
        break;
      }
      case 'text':
        if (tiny && k.font.size < 12) break;
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

/** measurer measures text as the painter will draw it, and remembers. */
export function measurer(g: CanvasRenderingContext2D): Measure {
  const known = new Map<string, number>();
  return (text, font) => {
    const f = fontText(font);
    const key = `${f}|${text}`;
    let w = known.get(key);
    if (w === undefined) {
      g.font = f;
      w = g.measureText(text).width;
      if (known.size > 20000) known.clear();
      known.set(key, w);
    }
    return w;
  };
}
