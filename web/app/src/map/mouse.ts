// What the mouse does on the map: hover, select, drag, open and close.
import { signal } from '@preact/signals';
import { choose, closeMenu, openMenu } from '../act/Menu';
import { clearSelection, selectEdge, toggleExpand } from '../state';
import type { Point } from './geometry';
import { dragTo, drop, type Grip, gripAt } from './live';
import { boxAt, endsOf, headerAt, hit, hover, isPiece, scene } from './model';
import type { Pins } from './move';
import { pins, release } from './pins';
import { at, gesture, mapZoom, pan } from './zoom';

/** card is where the hover card stands and what it is of. */
export interface Over extends Point {
  node: string;
  edge: string;
  frame: string; // a box, by its header
}
export const card = signal<Over | null>(null);

let waiting = 0;

const local = (e: MouseEvent): Point => {
  const r = (e.currentTarget as Element).getBoundingClientRect();
  return { x: e.clientX - r.left, y: e.clientY - r.top };
};
/** pointOf is where on the map the mouse is. */
const pointOf = (e: MouseEvent): Point => {
  const [x, y] = at.value.invert([local(e).x, local(e).y]);
  return { x, y };
};
const under = (e: MouseEvent) => hit(pointOf(e), 5 / at.value.k);

/** toggle opens a group to its members, or closes it. */
export function toggle(id: string): boolean {
  const c = scene.value?.cardOf.get(id);
  if (c?.cluster) {
    mapZoom.near(id);
    return true;
  }
  if (c?.group) toggleExpand(c.id);
  else if (c?.node?.expandable) toggleExpand(id);
  else return false;
  return true;
}

function menuAt(e: MouseEvent, p: Point): void {
  const h = hit(p, 5 / at.value.k);
  const node = isPiece(h.node) ? '' : h.node;
  const id = node || (h.edge && endsOf(h.edge).join('\n')) || boxAt(p);
  card.value = null;
  if (id) openMenu(id, e.clientX, e.clientY);
}

/** gripUnder is what a drag from here would move; null: the window. */
const gripUnder = (e: MouseEvent): Grip | null => {
  const p = pointOf(e);
  return gripAt(p, hit(p, 0).node);
};

/** A press that may become a drag: of something on the map, or of the map. */
let press: { from: Point; grip: Grip | null; before: Pins } | null = null;
let dragged = false; // so the click that ends it is none
let holding = 0;
let held = false; // a finger stayed: the menu has come, and the click is none either

const stop = (e: PointerEvent): void => {
  clearTimeout(holding);
  if (!pan.up(e.pointerId)) press = null;
};

/** cancelDrag puts back what is being dragged. */
export function cancelDrag(): boolean {
  if (!press?.grip || !dragged) return false;
  pins.value = press.before;
  press = null;
  return true;
}

function drag(e: PointerEvent): void {
  const p = local(e);
  dragged ||= Math.hypot(p.x - press!.from.x, p.y - press!.from.y) > 4;
  if (!dragged) return;
  clearTimeout(holding);
  if (held) closeMenu();
  hover.value = { node: '', edge: '' };
  card.value = null;
  if (!press!.grip) {
    pan.move(e.pointerId, p);
    return;
  }
  gesture.on = false;
  mapZoom.hold();
  dragTo(press!.grip, pointOf(e));
}

function hoverAt(e: PointerEvent): void {
  const h = under(e);
  const { style } = e.currentTarget as HTMLElement;
  style.cursor = h.node || h.edge ? 'pointer' : gripAt(pointOf(e), '') ? 'move' : '';
  if (h.node !== hover.value.node || h.edge !== hover.value.edge) {
    hover.value = h;
    card.value = null;
  }
  clearTimeout(waiting);
  const frame = h.node || h.edge ? '' : headerAt(pointOf(e));
  if (card.value && card.value.frame !== frame) card.value = null;
  if (!h.node && !h.edge && !frame) return;
  const p = local(e);
  waiting = window.setTimeout(() => {
    card.value = { ...h, frame, ...p };
  }, 150);
}

export const mouse = {
  onPointerDown(e: PointerEvent): void {
    const finger = e.pointerType === 'touch';
    held = false;
    if (e.button || (e.ctrlKey && !finger)) return;
    cancelDrag();
    dragged = false;
    // A finger moves the map: nodes would fill a phone's window.
    const below = gripUnder(e);
    const grip = finger ? null : below;
    press = { from: local(e), grip, before: pins.value };
    if (!grip) pan.down(e.pointerId, press.from);
    (e.currentTarget as Element).setPointerCapture(e.pointerId);
    clearTimeout(holding);
    if (!finger || !e.isPrimary) return;
    // A finger that stays: the menu; where it goes then, it takes along what it is on.
    const p = pointOf(e);
    holding = window.setTimeout(() => {
      held = true;
      if (below && press) {
        press.grip = below;
        pan.up(e.pointerId);
      }
      menuAt(e, p);
    }, 500);
  },
  onPointerMove(e: PointerEvent): void {
    if (press) drag(e);
    else if (!e.buttons && e.pointerType !== 'touch') hoverAt(e);
  },
  onPointerUp(e: PointerEvent): void {
    if (press?.grip && dragged) drop();
    stop(e);
  },
  onPointerCancel(e: PointerEvent): void {
    cancelDrag();
    stop(e);
  },
  onPointerLeave(): void {
    clearTimeout(waiting);
    hover.value = { node: '', edge: '' };
    card.value = null;
  },
  onWheel(e: WheelEvent): void {
    pan.wheel(e, local(e));
  },
  onClick(e: MouseEvent): void {
    if (dragged || held) return;
    const h = under(e);
    if (isPiece(h.node)) mapZoom.near(h.node);
    else if (h.node) choose(h.node, e.shiftKey);
    else if (h.edge) selectEdge(...endsOf(h.edge));
    else clearSelection();
  },
  onDblClick(e: MouseEvent): void {
    const { node } = under(e);
    if (!release(node || gripUnder(e)?.id || '')) toggle(node);
  },
  onContextMenu(e: MouseEvent): void {
    e.preventDefault();
    if (!held) menuAt(e, pointOf(e));
  },
};
