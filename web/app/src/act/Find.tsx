// The box of Find: how many match, the next and the one before, and what is not
// in the picture at this level.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { items, ring } from '../map/model';
import { mapZoom } from '../map/zoom';
import { go, none, search, tabled, view } from '../state';
import { rowIds } from '../table/Table';
import { Icon } from '../ui';
import { elsewhere, finding, found, foundAt, levelOf, wanted } from './found';
import { filterOf, targetOf } from './target';

const order = (): string[] => {
  const has = (id: string) => id.split('\n').some((x) => found.value?.has(x));
  return (tabled.value ? rowIds.value : items.value.map((i) => i.id)).filter(has);
};

/** jump goes to the next match, or to the one before. */
export function jump(step: 1 | -1): void {
  const list = order();
  if (!list.length) return;
  const i = list.indexOf(foundAt.value);
  const id = list[i < 0 ? (step > 0 ? 0 : list.length - 1) : (i + step + list.length) % list.length];
  foundAt.value = id;
  if (tabled.value) return;
  ring.value = id;
  mapZoom.show(id);
}

export const FindButton = () => (
  <button
    type="button"
    class="find-open"
    aria-label="Find"
    title="Find and highlight (F)"
    onClick={() => (finding.value = true)}
  >
    <Icon name="search" />
  </button>
);

export function Find() {
  const input = useRef<HTMLInputElement>(null);
  const v = view.value.find;
  // Before the next key, which is meant for it.
  useLayoutEffect(() => {
    if (finding.value) input.current?.focus();
  }, [finding.value]);
  const leave = () => {
    finding.value = false;
    foundAt.value = '';
    ring.value = '';
    if (view.value.find) go({ find: '' });
    document.querySelector<HTMLElement>('.table .find-open, .zoom .find-open')?.focus();
  };
  if (!finding.value && !v) return null;
  const list = order();
  const at = list.indexOf(foundAt.value) + 1;
  const off = elsewhere.value;
  return (
    <search class="find">
      <input
        ref={input}
        id="find"
        type="search"
        aria-label="Find"
        placeholder="Find: name, address, id, tag"
        value={v}
        onInput={(e) => {
          foundAt.value = '';
          go({ find: e.currentTarget.value }, Boolean(view.value.find));
        }}
        onKeyDown={(e) => {
          if (e.key === 'Enter') jump(e.shiftKey ? -1 : 1);
          else if (e.key === 'Escape') leave();
          else return;
          e.preventDefault();
          e.stopPropagation();
        }}
      />
      <span class="muted" role="status">
        {wanted.value ? (at ? `${at} of ${list.length}` : `${list.length} found`) : ''}
      </span>
      <button type="button" class="ghost" aria-label="The match before" title="N" onClick={() => jump(-1)}>
        <Icon name="chevron-left" />
      </button>
      <button type="button" class="ghost" aria-label="Next match" title="n" onClick={() => jump(1)}>
        <Icon name="chevron-right" />
      </button>
      <button type="button" class="ghost" aria-label="End the search" title="Esc" onClick={leave}>
        <Icon name="x" />
      </button>
      {wanted.value && (off.length > 0 || search.value.error) && (
        <ul aria-label="Not on the map at this level">
          <li class="muted">{search.value.error?.message ?? 'Not on the map at this level:'}</li>
          {off.map((r) => (
            <li key={r.id}>
              <button
                type="button"
                onClick={() =>
                  go({
                    ...none,
                    q: filterOf(targetOf(r.id)),
                    find: '',
                    sel: r.id,
                    level: levelOf(r.id),
                    focus: [],
                  })
                }
              >
                <b>{r.label}</b> <small>{levelOf(r.id)}: open it</small>
              </button>
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
