// Where a picture is arranged: at once on this thread where it is small, else
// in a worker, so that the page never stops. A newer wish supersedes an older one.
import { signal } from '@preact/signals';
import { type Arranged, bare, dressed, type ForceKit, forceKit, type Job, tiersJob } from './arrange';
import type { Scene } from './scene';

/**
 * Up to so many strokes and cards are arranged at once: it takes about as long
 * as a worker's start and answer (some 50 ms), and the first picture comes earlier.
 */
export const small = { tiers: 300, force: 120 };

/** kit is the force layout's code, once it was wanted. */
export const kit = signal<ForceKit | null>(null);
export const wantKit = async (): Promise<void> => {
  kit.value ??= await forceKit();
};

const address = import.meta.env.DEV ? './worker.ts' : './worker.js';
let worker: Worker | null = null;
let broken = false;
let last = 0;
let waiting: { id: number; scene: Scene; job: Job; done: (a: Arranged) => void } | null = null;

function begin(): Worker | null {
  if (worker || broken || typeof Worker === 'undefined') return worker;
  try {
    worker = new Worker(new URL(/* @vite-ignore */ address, import.meta.url), { type: 'module' });
  } catch {
    broken = true; // where workers are not allowed, this thread does it
    return null;
  }
  worker.onerror = (e) => {
    e.preventDefault();
    fail();
  };
  worker.onmessage = (e: MessageEvent<{ id: number; done?: Arranged }>) => {
    const w = waiting;
    if (!w || e.data.id !== w.id) return;
    if (!e.data.done) {
      fail();
      return;
    }
    w.done({ ...e.data.done, base: dressed(e.data.done.base, w.scene) });
    if (waiting === w) waiting = null;
  };
  return worker;
}

/** fail goes on without the worker. */
function fail(): void {
  broken = true;
  worker?.terminate();
  worker = null;
  const w = waiting;
  waiting = null;
  if (w) here(w.job, w.done);
}

function here(job: Job, done: (a: Arranged) => void): void {
  const mine = last;
  if (job.kind === 'tiers') done(tiersJob(job));
  else if (kit.peek()) done(kit.peek()!.forceJob(job));
  else
    void wantKit().then(() => {
      if (mine === last) done(kit.peek()!.forceJob(job));
    });
}

/** arrange calls shown with the arranged picture, unless a newer wish comes first. */
export function arrange(job: Job, shown: (a: Arranged) => void): void {
  last++;
  const start = performance.now();
  const done = (a: Arranged): void => {
    performance.measure(waiting ? 'periplus.layout.worker' : 'periplus.layout', { start });
    shown(a);
  };
  waiting = null;
  const { scene } = job;
  const w = Math.max(scene.strokes.length, scene.cardOf.size) <= small[job.kind] ? null : begin();
  if (!w) {
    here(job, done);
    return;
  }
  waiting = { id: last, scene, job, done };
  w.postMessage({ id: last, job: { ...job, scene: bare(scene) } });
}
