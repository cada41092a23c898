// The menu of a node, a path, a box or a selection: right click, Shift-F10, long press.
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { drawn, select, selected, selectMore, tabled, toggleExpand, view } from '../state';

import * as act from './target';

interface Open {
  t: act.Target;
  x: number;
  y: number;
  back: Element | null; // where the focus was
}
const open = signal<Open | null>(null);

/** openMenu of an id as the map and the table have it; one of several that are selected stands for all. */
export function openMenu(id: string, x: number, y: number): void {
  const all = selected.value;
  open.value = {
    t: all.length > 1 && all.includes(id) ? { ids: all } : act.targetOf(id),
    x,
    y,
    back: document.activeElement,
  };
}
/** closeMenu gives the focus back. */
export function closeMenu(): void {
  const back = open.value?.back as HTMLElement | null | undefined;
  open.value = null;
  back?.focus?.();
}
export const onMenu = (id: string) => (e: MouseEvent) => {
  e.preventDefault();
  openMenu(id, e.clientX, e.clientY);
};
/** menuKey opens the menu for the keys that ask for it. */
export function menuKey(e: KeyboardEvent, id: string, r: { x: number; y: number }): boolean {
  if (e.key !== 'ContextMenu' && !(e.key === 'F10' && e.shiftKey)) return false;
  e.preventDefault();
  openMenu(id, r.x, r.y);
  return true;
}

/** choose is a click or Enter on a node: it selects, or ends the path that was asked for. */
export function choose(id: string, more: boolean): void {
  if (act.pathFrom.value) act.pathTo(act.pathFrom.value, id);
  else if (more) selectMore(id);
  else select(id);
}

type Item = [text: string, key: string, run: () => void];

function itemsOf(t: act.Target): Item[] {
  const { ids } = t;
  const one = ids.length === 1 ? ids[0] : '';
  const node = drawn.value?.nodes.find((n) => n.id === one);
  const group = drawn.value?.groups.find((g) => g.id === one);
  const opened = view.value.expand.includes(one);
  const from = act.pathFrom.value;
  const list: (Item | false | '' | undefined | null)[] = [
    ['Filter to', '', () => act.filterTo(t)],
    ['Exclude', 'X', () => act.exclude(t)],
    ['Hide', 'H', () => act.hide(t)],
    ['Only denied', '', () => act.onlyDenied(t)],
    act.focused(t)
      ? ['Focus: 2 hops', '', () => act.focusOn(t)]
      : ['Focus on neighbours', '', () => act.focusOn(t)],
    one && (node?.expandable || opened) && [opened ? 'Collapse' : 'Expand', 'Space', () => toggleExpand(one)],
    (node || (group && group.kind !== 'subnet')) &&
      !tabled.value &&
      act.pins.toggle && [act.pins.has(one) ? 'Unpin' : 'Pin', '', () => act.pins.toggle?.(one)],
    node && !from && ['Path to …', '', () => act.startPath(one, node.label)],
    node && from && from !== one && ['Path to here', '', () => act.pathTo(from, one)],
    ids.length === 2 && ['Path between', '', () => act.pathTo(ids[0], ids[1])],
    ['Copy id', '', () => act.copy(t.edge?.join(' ') ?? ids.join('\n'), 'Id')],
    (t.edge || one) && !(group && group.kind === 'internet') && ['Open records', '', () => act.records(t)],
  ];
  return list.filter(Boolean) as Item[];
}

export function Menu() {
  const ref = useRef<HTMLDivElement>(null);
  const o = open.value;
  useLayoutEffect(() => {
    const el = ref.current;
    if (!o || !el) return;
    el.style.left = `${Math.max(4, Math.min(o.x, innerWidth - el.offsetWidth - 4))}px`;
    el.style.top = `${Math.max(4, Math.min(o.y, innerHeight - el.offsetHeight - 4))}px`;
    el.querySelector('button')?.focus();
    const away = (e: Event) => {
      if (!el.contains(e.target as Node)) open.value = null;
    };
    addEventListener('pointerdown', away, true);
    return () => removeEventListener('pointerdown', away, true);
  }, [o]);
  if (!o) return null;
  return (
    <div
      ref={ref}
      class="menu-list at"
      role="menu"
      aria-label="Actions"
      onContextMenu={(e) => e.preventDefault()}
      onKeyDown={(e) => {
        e.stopPropagation();
        if (e.key === 'Escape' || e.key === 'Tab') {
          e.preventDefault();
          closeMenu();
        } else arrows(e, ref.current!);
      }}
    >
      {itemsOf(o.t).map(([text, key, run]) => (
        <button
          type="button"
          role="menuitem"
          tabIndex={-1}
          key={text}
          onClick={() => {
            closeMenu();
            run();
          }}
        >
          {text} {key && <kbd aria-hidden="true">{key}</kbd>}
        </button>
      ))}
    </div>
  );
}

/** arrows move the focus in a menu; a letter goes to what begins with it. */
export function arrows(e: KeyboardEvent, menu: HTMLElement): void {
  const list = [...menu.querySelectorAll<HTMLElement>('[role^=menuitem]')];
  const i = list.indexOf(document.activeElement as HTMLElement);
  const n = list.length;
  const to =
    { ArrowDown: (i + 1) % n, ArrowUp: (i - 1 + n) % n, Home: 0, End: n - 1 }[e.key] ??
    (e.key.length === 1 && e.key !== ' '
      ? [...list.keys()]
          .map((k) => (i + 1 + k) % n)
          .find((k) => list[k].textContent?.trim().toLowerCase().startsWith(e.key.toLowerCase()))
      : undefined);
  if (to === undefined) return;
  e.preventDefault();
  list[to]?.focus();
}
