// The hidden list of the map's nodes, for the keyboard and for those who do not see it.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { choose, menuKey, onMenu } from '../act/Menu';
import { selected } from '../state';
import { networkOf, nudge } from './live';
import { boxOf, items, nearest, peer, ring } from './model';
import { toggle } from './mouse';
import { at, mapZoom } from './zoom';

/** placeOf is where on the screen a node's middle is. */
const placeOf = (id: string) => {
  const b = boxOf(id);
  const r = document.querySelector('.map')!.getBoundingClientRect();
  const [x, y] = b ? at.value.apply([b.x + b.w / 2, b.y + b.h / 2]) : [0, 0];
  return { x: r.x + x, y: r.y + y };
};

/** NodeList is the map for the keyboard and the screen reader: one item a node, one of them in the tab order. */
export function NodeList() {
  const list = items.value;
  // The one in the tab order: where the focus was last, else the first.
  const roving = useSignal('');
  const current = list.some((i) => i.id === roving.value) ? roving.value : (list[0]?.id ?? '');
  const lastPeer = useRef('');
  const buttons = useRef(new Map<string, HTMLButtonElement>());
  const focus = (id: string) => {
    if (!id) return;
    buttons.current.get(id)?.focus();
  };
  const key = (e: KeyboardEvent, id: string) => {
    if (menuKey(e, id, placeOf(id))) return;
    const dir = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (dir) {
      e.preventDefault();
      if (e.altKey) nudge(e.shiftKey ? networkOf(id) : id, dir[0] * 16, dir[1] * 16);
      else if (e.shiftKey) {
        const from = lastPeer.current.startsWith(`${id}\t`) ? lastPeer.current.split('\t')[1] : '';
        const next = peer(id, from, dir[0] + dir[1]);
        focus(next);
        lastPeer.current = `${next}\t${id}`;
      } else focus(nearest(id, dir[0], dir[1]));
      return;
    }
    if (e.key === 'Enter') {
      e.preventDefault();
      choose(id, e.shiftKey);
    } else if (e.key === ' ') {
      e.preventDefault();
      if (!toggle(id)) choose(id, false);
    }
  };
  return (
    <ul class="hidden" id="map-list" aria-label="Nodes of the map">
      {list.map((i) => (
        <li key={i.id}>
          <button
            type="button"
            ref={(e) => {
              if (e) buttons.current.set(i.id, e);
              else buttons.current.delete(i.id);
            }}
            tabIndex={i.id === current ? 0 : -1}
            aria-label={i.label}
            aria-pressed={selected.value.includes(i.id)}
            onFocus={() => {
              ring.value = i.id;
              roving.value = i.id;
              mapZoom.show(i.id);
            }}
            onBlur={() => {
              if (ring.value === i.id) ring.value = '';
            }}
            onClick={(e) => choose(i.id, e.shiftKey)}
            onContextMenu={onMenu(i.id)}
            onKeyDown={(e) => key(e, i.id)}
          />
        </li>
      ))}
    </ul>
  );
}
