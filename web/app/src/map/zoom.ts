// The map's window: which part of the map is seen, what moves it, and what
// others may ask of it.
import { signal } from '@preact/signals';
import { Camera, pinched, wheelFactor } from './camera';
import type { Point } from './geometry';
import { bottom, boxOf, layout, room, size } from './model';

/** at is how the map lies in the window. */
export const at = signal(new Camera());
/** gesture tells whether the last move was the user's, so that more may follow. */
export const gesture = { on: false };

let fitted = true;
const move = (c: Camera, user: boolean): void => {
  gesture.on = user;
  fitted = false;
  at.value = c;
};

/** What others may ask of the map's window. */
export const mapZoom = {
  fit(): void {
    const l = layout.value;
    if (!l) return;
    const { w, h } = size.value;
    const narrow = w < 620;
    const roomW = w - room.left - room.right;
    const roomH = h - room.top - bottom.value;
    const whole = Math.min(roomW / l.size.w, roomH / l.size.h, 1.25);
    // On a phone a whole map is too small to read: its height is shown and the rest is a swipe away.
    const k = Math.max(
      0.08,
      narrow ? Math.max(whole, Math.min(0.8, Math.max(roomH, 520) / l.size.h)) : whole,
    );
    const x = k * l.size.w > roomW ? room.left : room.left + (roomW - k * l.size.w) / 2;
    const y = room.top + Math.max(0, (roomH - k * l.size.h) / 2);
    move(new Camera(k, x - k * l.size.x, y - k * l.size.y), false);
    fitted = true;
  },
  /** refit fits again unless the user has moved the map. */
  refit(): void {
    if (fitted) mapZoom.fit();
  },
  /** hold keeps the window where it is: what follows must not move it. */
  hold(): void {
    fitted = false;
  },
  by(factor: number): void {
    move(at.value.by(factor, { x: size.value.w / 2, y: size.value.h / 2 }), false);
  },
  /** to brings a point of the map to the middle. */
  to(x: number, y: number): void {
    const { k } = at.value;
    move(new Camera(k, size.value.w / 2 - x * k, size.value.h / 2 - y * k), true);
  },
  /** show brings a node into the window if it is outside. */
  show(id: string): void {
    const b = boxOf(id);
    if (!b) return;
    const [x, y] = at.value.apply([b.x + b.w / 2, b.y + b.h / 2]);
    const { w, h } = size.value;
    if (x > 20 && x < w - 20 && y > room.top && y < h - 30) return;
    mapZoom.to(b.x + b.w / 2, b.y + b.h / 2);
  },
  /** near brings a node so close that its hosts can be read. */
  near(id: string): void {
    const b = boxOf(id);
    if (!b) return;
    const { w, h } = size.value;
    const k = Math.min(2.6, (w - 60) / b.w, (h - room.top - bottom.value - 20) / b.h);
    move(new Camera(k, w / 2 - (b.x + b.w / 2) * k, h / 2 - (b.y + b.h / 2) * k), true);
  },
};

const fingers = new Map<number, Point>();
const two = (): [Point, Point] => [...fingers.values()].slice(0, 2) as [Point, Point];

/** pan is the part of the mouse and of fingers that moves the window: one drags it, two pinch it. */
export const pan = {
  down(id: number, p: Point): void {
    fingers.set(id, p);
  },
  /** move answers whether the window moved. */
  move(id: number, p: Point): boolean {
    const was = fingers.get(id);
    if (!was) return false;
    const before = two();
    fingers.set(id, p);
    if (fingers.size > 1) move(pinched(at.value, before, two()), true);
    else move(at.value.moved(p.x - was.x, p.y - was.y), true);
    return true;
  },
  /** up answers how many fingers are left. */
  up(id: number): number {
    fingers.delete(id);
    return fingers.size;
  },
  wheel(e: WheelEvent, p: Point): void {
    e.preventDefault();
    move(at.value.by(wheelFactor(e), p), true);
  },
};
