// The keyboard of the page, as the table in page.md has it.

import { jump } from './act/Find';
import { finding } from './act/found';
import { chosen, exclude, hide, pathFrom, type Target } from './act/target';
import type { Level } from './api/words';
import { cancelDrag } from './map/mouse';
import { mapZoom } from './map/zoom';
import { clearSelection, go, moveTime, tabled, toggleTheme, toLevel, view } from './state';
import { playOrPause } from './time/play';
import { copyLink } from './top/Export';

const levels: Level[] = ['provider', 'account', 'region', 'network', 'subnet', 'service', 'host'];

export const shortcuts: [string, string][] = [
  ['/', 'filter'],
  ['Tab, arrows', 'nodes on the map; with Shift along the paths'],
  ['Enter', 'select; with Shift: one more'],
  ['Space', 'open or close a service'],
  ['Esc', 'clear the selection, then close panels'],
  ['1 … 7', 'level: provider … host'],
  ['A  D', 'all, denied only'],
  ['B  K  R', 'bytes, packets, records'],
  ['L  Z', 'layout Tiers or Force; freeze or let go'],
  ['Alt arrows', 'move a node and pin it; Alt Shift: its network'],
  ['0  +  −', 'fit, zoom in, zoom out'],
  ['[  ]', 'left, right panel'],
  [',  .', 'earlier, later'],
  ['P', 'pause; play where nothing is live'],
  ['T', 'map or table'],
  ['F', 'find; n, N: the next match, the one before'],
  ['H  X', 'hide, exclude what is selected'],
  ['Shift F10', 'menu of a node, a path, a box'],
  ['U', 'undo (Back); Ctrl-Shift-Z: redo'],
  ['C', 'copy link'],
  ['Shift D', 'dark or light'],
  ['?', 'this list'],
];

export function onKey(e: KeyboardEvent, help: { value: boolean }): void {
  const el = e.target as HTMLElement;
  if (el.matches?.('input, select, textarea') || e.altKey) return;
  if (e.ctrlKey || e.metaKey) {
    if (e.key.toLowerCase() !== 'z') return;
    e.preventDefault();
    if (e.shiftKey) history.forward();
    else history.back();
    return;
  }
  const act = e.key === 'D' && e.shiftKey ? toggleTheme : actions(help, e)[e.key.toLowerCase()];
  if (!act) return;
  e.preventDefault();
  act();
}

const chosenDo = (what: (t: Target) => unknown): void => {
  const t = chosen();
  if (t) what(t);
};

function actions(help: { value: boolean }, e: KeyboardEvent): Record<string, () => void> {
  const map: Record<string, () => void> = {
    '/': () => document.getElementById('filter')?.focus(),
    '?': () => {
      help.value = !help.value;
    },
    escape: () => {
      const v = view.value;
      if (cancelDrag()) return;
      if (help.value) help.value = false;
      else if (v.rows) go({ rows: false });
      else if (pathFrom.value) pathFrom.value = '';
      else if (v.sel || v.edge || v.path) clearSelection();
      else if (v.right || v.left) go({ right: false, left: false });
    },
    t: () => go({ view: tabled.value ? 'map' : 'table' }),
    f: () => {
      finding.value = true;
      document.getElementById('find')?.focus();
    },
    n: () => jump(e.shiftKey ? -1 : 1),
    h: () => chosenDo(hide),
    a: () => go({ show: 'all' }),
    d: () => go({ show: 'denied' }),
    b: () => go({ metric: 'bytes' }),
    k: () => go({ metric: 'packets' }),
    r: () => go({ metric: 'records' }),
    l: () => go({ layout: view.value.layout === 'force' ? 'tiers' : 'force' }),
    z: () => {
      if (view.value.layout === 'force') go({ freeze: !view.value.freeze });
    },
    '0': () => mapZoom.fit(),
    '+': () => mapZoom.by(1.3),
    '=': () => mapZoom.by(1.3),
    '-': () => mapZoom.by(1 / 1.3),
    '[': () => go({ left: !view.value.left }),
    ']': () => go({ right: !view.value.right }),
    ',': () => moveTime(-1),
    '.': () => moveTime(1),
    p: playOrPause,
    x: () => chosenDo(exclude),
    u: () => history.back(),
    c: () => void copyLink(),
  };
  levels.forEach((level, i) => {
    map[String(i + 1)] = () => toLevel(level);
  });
  return map;
}
