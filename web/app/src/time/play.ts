// Playback: the chosen part of the window goes through it, a bin at a time.
// Each step is one question, and the next waits for its answer.
import { effect, signal } from '@preact/signals';
import { get } from '../api/client';
import type { Graph } from '../api/graph';
import { go, graph, graphParams, meta, say, timeline, times, view } from '../state';
import { iso, whole } from '../view';
import { togglePause } from './live';
import { first, next } from './steps';
import { united } from './united';

export const playing = signal(false);
export const speeds = [1, 2, 4, 8]; // steps a second
export const speed = signal(2);

const calm = matchMedia('(prefers-reduced-motion: reduce)');

/** held is every node that was seen in the window, so that none moves. It goes when the range is chosen by hand. */
const held = signal<{ graph: Graph; at: string } | null>(null);
const here = () => {
  const { q, hide, level, expand, win, end } = view.value;
  return JSON.stringify([q, hide, level, expand, win, end]);
};

/** steady is an answer with the nodes of the others of the same playback, without traffic. */
export function steady(g: Graph): Graph {
  const h = held.value;
  return h && h.at === here() && view.value.from ? united(h.graph, g) : g;
}

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const answered = () =>
  new Promise<void>((done) => {
    const stop: () => void = effect(() => {
      if (graph.value.busy) return;
      done();
      queueMicrotask(() => stop());
    });
  });

/** step moves the range on by a bin; false at the end of the window. */
function step(begin: boolean): boolean {
  const t = times.value;
  const bin = (timeline.value.data?.step ?? 300) * 1000;
  if (!t) return false;
  const to = whole(t) || (begin && t.range[1] >= t.window[1]) ? first(t, bin) : next(t, bin);
  if (!to) return false;
  go({ from: iso(to[0]), to: iso(to[1]) }, !begin);
  return true;
}

export const stop = (): void => {
  playing.value = false;
};

export async function play(): Promise<void> {
  const t = times.value;
  if (!t || playing.value) return;
  playing.value = true;
  try {
    const all = whole(t)
      ? graph.value.data
      : await get<Graph>('graph', { ...graphParams(), from: iso(t.window[0]), to: iso(t.window[1]) });
    if (all) held.value = { graph: all, at: here() };
  } catch {
    held.value = null; // Then the map may move; the playback itself says what is wrong.
  }
  let mine = '';
  for (let begin = true; playing.value; begin = false) {
    // Whoever moved the range meanwhile has it.
    if (!begin && mine !== view.value.from + view.value.to) break;
    if (!step(begin)) {
      say('The end of the data');
      break;
    }
    mine = view.value.from + view.value.to;
    await Promise.all([answered(), wait(1000 / speed.value)]);
    const h = held.value;
    const g = graph.value.data;
    if (graph.value.error) break;
    if (h && g) held.value = { ...h, graph: united(g, h.graph) };
    if (calm.matches) break; // a step at a time, where motion is not wanted
  }
  playing.value = false;
}

/** playOrPause is the key P: what runs is paused, be it a playback or the arrival of data; else it plays. */
export function playOrPause(): void {
  if (playing.value) stop();
  else if (meta.value.data?.live) togglePause();
  else void play();
}
