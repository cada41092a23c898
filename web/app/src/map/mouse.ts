// What the mouse does on the map: hover, select, open and close.
import { signal } from '@preact/signals';
import { choose, openMenu } from '../act/Menu';
import { clearSelection, selectEdge, toggleExpand } from '../state';
import type { Point } from './geometry';
import { boxAt, hit, hover, scene } from './model';
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

let holding = 0;
let held = false; // the menu came, so the click that follows is none
let start: Point = { x: 0, y: 0 };
const letGo = (): void => clearTimeout(holding);

function menuAt(e: MouseEvent, p: Point): void {
  const h = hit(p, 5 / at.value.k);
  const id = h.node || h.edge || boxAt(p);
  card.value = null;
  if (id) openMenu(id, e.clientX, e.clientY);
}

export const mouse = {
  onPointerMove(e: PointerEvent): void {
    if (Math.hypot(e.clientX - start.x, e.clientY - start.y) > 8) letGo();
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
    if (held) return;
    if (h.node) choose(h.node, e.shiftKey);
    else if (h.edge) {
      const [s, t] = h.edge.split('\n');
      selectEdge(s, t);
    } else clearSelection();
  },
  onDblClick(e: MouseEvent): void {
    toggle(under(e).node);
  },
  onContextMenu(e: MouseEvent): void {
    e.preventDefault();
    menuAt(e, pointOf(e));
  },
  // A finger that stays: the menu.
  onPointerDown(e: PointerEvent): void {
    held = false;
    clearTimeout(holding);
    if (e.pointerType !== 'touch' || !e.isPrimary) return;
    const p = pointOf(e);
    start = { x: e.clientX, y: e.clientY };
    holding = window.setTimeout(() => {
      held = true;
      menuAt(e, p);
    }, 500);
  },
  onPointerUp: letGo,
  onPointerCancel: letGo,
};
