// What the mouse does on the map: hover, select, open and close.
import { signal } from '@preact/signals';
import { clearSelection, select, selectEdge, toggleExpand, view } from '../state';
import type { Point } from './geometry';
import { hit, hover, scene } from './model';
import { at } from './zoom';

/** card is where the hover card stands and what it is of. */
export const card = signal<{ x: number; y: number; node: string; edge: string } | null>(null);

let waiting = 0;

const local = (e: MouseEvent): Point => {
  const r = (e.currentTarget as Element).getBoundingClientRect();
  return { x: e.clientX - r.left, y: e.clientY - r.top };
};
/** pointOf is where on the map the mouse is. */
export const pointOf = (e: MouseEvent): Point => {
  const [x, y] = at.value.invert([local(e).x, local(e).y]);
  return { x, y };
};
const under = (e: MouseEvent) => hit(pointOf(e), 5 / at.value.k);

/** toggle opens a group to its members, or closes it. */
export function toggle(id: string): boolean {
  const c = scene.value?.cardOf.get(id);
  if (c?.group) toggleExpand(c.id);
  else if (c?.node?.expandable) toggleExpand(id);
  else return false;
  return true;
}

export const mouse = {
  onPointerMove(e: PointerEvent): void {
    if (e.buttons || e.pointerType === 'touch') return;
    const h = under(e);
    (e.currentTarget as HTMLElement).style.cursor = h.node || h.edge ? 'pointer' : '';
    if (h.node !== hover.value.node || h.edge !== hover.value.edge) {
      hover.value = h;
      card.value = null;
    }
    clearTimeout(waiting);
    if (!h.node && !h.edge) return;
    const p = local(e);
    waiting = window.setTimeout(() => {
      card.value = { ...h, ...p };
    }, 150);
  },
  onPointerLeave(): void {
    clearTimeout(waiting);
    hover.value = { node: '', edge: '' };
    card.value = null;
  },
  onClick(e: MouseEvent): void {
    const h = under(e);
    if (h.node) select(h.node);
    else if (h.edge) {
      const [s, t] = h.edge.split('\n');
      selectEdge(s, t);
    } else if (view.value.sel || view.value.edge) clearSelection();
  },
  onDblClick(e: MouseEvent): void {
    toggle(under(e).node);
  },
};
