// Dots that move along the bright paths and so show their direction, and the
// ring of the keyboard's focus: drawn over the map, so the map is not redrawn.
import type { Camera } from './camera';
import { draw } from './canvas';
import { along, lengthOf } from './geometry';
import { boxOf, focus, labels, lit, ring, scene, seen, size, theme } from './model';
import { verdictColour } from './theme';

const still = matchMedia('(prefers-reduced-motion: reduce)');
const speed = 46; // pixels a second
const apart = 64;

export function flyers(c: HTMLCanvasElement, at: () => Camera): { draw: () => void; stop: () => void } {
  const g = c.getContext('2d')!;
  let frame = 0;
  const tick = (time: number) => {
    frame = 0;
    const ratio = c.width / Math.max(1, size.value.w);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, c.width, c.height);
    const t = at();
    if (lit.value.length) {
      g.globalAlpha = 0.72;
      g.fillStyle = theme.value.back;
      g.fillRect(0, 0, c.width, c.height);
    }
    g.setTransform(ratio * t.k, 0, 0, ratio * t.k, ratio * t.x, ratio * t.y);
    draw(g, lit.value, t.k);
    focusRing(g);
    const again = !still.matches && focus.value !== null && !document.hidden && dots(time);
    draw(g, labels.value, t.k);
    if (again) frame = requestAnimationFrame(tick);
  };
  const wake = (): void => {
    frame ||= requestAnimationFrame(tick);
  };
  const dots = (time: number): boolean => {
    const bright = seen.value.filter((r) => focus.value?.edges.has(r.stroke.key)).slice(0, 60);
    for (const r of bright) {
      const n = lengthOf(r.line);
      const red = r.mark !== null;
      g.fillStyle = red
        ? verdictColour(theme.value, r.stroke.verdict, '')
        : verdictColour(theme.value, r.stroke.verdict, scene.value?.cardOf.get(r.stroke.t)?.provider ?? '');
      const radius = Math.min(3.4, 1.6 + r.width * 0.22);
      for (let d = ((time / 1000) * speed) % apart; d < n; d += apart) {
        const p = along(r.line, d / n);
        g.beginPath();
        g.arc(p.x, p.y, radius + 1.1, 0, 7);
        g.globalAlpha = 0.85;
        g.save();
        g.fillStyle = theme.value.back;
        g.fill();
        g.restore();
        g.globalAlpha = 1;
        g.beginPath();
        g.arc(p.x, p.y, radius, 0, 7);
        g.fill();
      }
    }
    return bright.length > 0;
  };
  const focusRing = (k: CanvasRenderingContext2D) => {
    const b = ring.value ? boxOf(ring.value) : null;
    if (!b) return;
    k.lineWidth = 2.5;
    k.strokeStyle = theme.value.accent;
    k.beginPath();
    k.roundRect(b.x - 4, b.y - 4, b.w + 8, b.h + 8, 11);
    k.stroke();
  };
  still.addEventListener('change', wake);
  return {
    draw: wake,
    stop: () => {
      still.removeEventListener('change', wake);
      cancelAnimationFrame(frame);
    },
  };
}
