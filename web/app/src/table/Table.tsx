// The table: what the map shows, in rows that can be sorted and read aloud.
import { computed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { FindButton } from '../act/Find';
import { found, foundAt } from '../act/found';
import { Hidden } from '../act/Hidden';
import { choose, menuKey, onMenu } from '../act/Menu';
import { save } from '../act/save';
import { bytes, count, exact, stamp } from '../format';
import { Opened } from '../map/Bars';
import { drawn, go, graph, meta, selectEdge, selected, tabled, toggleExpand, view } from '../state';
import { Icon, KindIcon } from '../ui';
import { type Column, columnsOf, csv, nodeRows, pathRows, type Row, sorted } from './rows';

const sort = computed(() => view.value.sort || (view.value.tab === 'paths' ? `-${view.value.metric}` : ''));
const rows = computed<Row[]>(() => {
  const g = drawn.value;
  if (!g || !tabled.value) return [];
  const { tab, expand } = view.value;
  return tab === 'paths'
    ? sorted(pathRows(g), sort.value, 'client')
    : sorted(nodeRows(g, expand), sort.value, 'name');
});
/** rowIds are the nodes of the table in its order: what Find goes through. */
export const rowIds = computed(() => rows.value.map((r) => r.id));

const columns = computed(() => columnsOf(view.value.tab, view.value.metric, rows.value));

const text = ([k, , kind]: Column, r: Row): string => {
  const v = r.v[k] ?? null;
  if (typeof v === 'number') return kind === 'bytes' ? bytes(v) : count(v);
  return v === null ? '–' : kind === 'time' ? stamp(Date.parse(v)) : v;
};

const pick = (r: Row, more: boolean): void => {
  const [s, t] = r.id.split('\n');
  if (t !== undefined) selectEdge(s, t);
  else choose(s, more);
};

const page = 150;

export function Table() {
  const scroll = useRef<HTMLDivElement>(null);
  const shown = useSignal(page);
  const roving = useSignal('');
  const { tab } = view.value;
  const list = rows.value;
  const cols = columns.value;
  // What Find came to has the focus, wherever it is.
  const at = foundAt.value;
  const i = at ? list.findIndex((r) => r.id === at) : -1;
  const n = Math.max(shown.value, i + 1);
  useEffect(() => {
    if (at) scroll.current?.querySelector(`[data-i="${i}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [at, i]);
  const chosen = new Set(view.value.edge ? [view.value.edge.join('\n')] : selected.value);
  const current = list.slice(0, n).some((r) => r.id === roving.value) ? roving.value : list[0]?.id;

  const key = (e: KeyboardEvent, r: Row, at: number) => {
    if (menuKey(e, r.id, (e.currentTarget as Element).getBoundingClientRect())) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -at, End: list.length }[e.key];
    if (step !== undefined) {
      const next = Math.min(list.length - 1, Math.max(0, at + step));
      shown.value = Math.max(shown.value, next + 20);
      roving.value = list[next].id;
      requestAnimationFrame(() =>
        scroll.current?.querySelector<HTMLElement>(`[data-i="${next}"] button.cell`)?.focus(),
      );
    } else if (e.key === 'Enter') pick(r, e.shiftKey);
    else if (e.key === ' ' && r.open !== undefined) toggleExpand(r.id);
    else return;
    e.preventDefault();
  };
  return (
    <section class="table" aria-label="Table">
      <header>
        <div class="segments" role="group" aria-label="Rows">
          {(['nodes', 'paths'] as const).map((t) => (
            <button
              type="button"
              key={t}
              aria-pressed={tab === t}
              onClick={() => go({ tab: t, sort: '' })}
            >{`${t === 'nodes' ? 'Nodes' : 'Paths'} ${count(t === 'nodes' ? drawn.value?.nodes.length : drawn.value?.edges.length)}`}</button>
          ))}
        </div>
        <button
          type="button"
          onClick={() => save(csv(cols, list, rest()), 'text/csv', `periplus-${tab}.csv`)}
        >
          <Icon name="download" size={14} /> CSV
        </button>
        <button type="button" onClick={() => go({ view: 'map' })}>
          <Icon name="topology-star-3" size={14} /> Map
        </button>
        <FindButton />
        <Opened />
        <Hidden />
      </header>
      <div
        class="scroll"
        ref={scroll}
        role="region"
        aria-label={`Table of ${tab}`}
        onScroll={(e) => {
          const el = e.currentTarget;
          if (el.scrollTop + 2 * el.clientHeight > el.scrollHeight && shown.value < list.length)
            shown.value += page;
        }}
      >
        <table>
          <thead>
            <tr>
              {cols.map((c) => (
                <Head key={c[0]} of={c} />
              ))}
            </tr>
          </thead>
          <tbody>
            {list.slice(0, n).map((r, i) => (
              <tr
                key={r.id}
                data-i={i}
                data-id={r.id}
                class={[
                  chosen.has(r.id) ? 'on' : '',
                  found.value && !r.id.split('\n').some((id) => found.value?.has(id)) ? 'dim' : '',
                  at === r.id ? 'at' : '',
                ].join(' ')}
                onClick={(e) => pick(r, e.shiftKey)}
                onContextMenu={onMenu(r.id)}
              >
                {cols.map((c, k) =>
                  k ? (
                    <td
                      key={c[0]}
                      class={c[2] === 'text' || c[2] === 'time' ? '' : 'num'}
                      title={typeof r.v[c[0]] === 'number' ? exact(r.v[c[0]] as number) : text(c, r)}
                    >
                      {text(c, r)}
                    </td>
                  ) : (
                    <th key={c[0]} scope="row">
                      <span ref={(e) => e?.style.setProperty('padding-left', `${r.depth * 18}px`)}>
                        {r.open !== undefined && (
                          <button
                            type="button"
                            class="ghost"
                            tabIndex={-1}
                            aria-expanded={r.open}
                            aria-label={`${r.open ? 'Close' : 'Open'} ${r.label}`}
                            onClick={(e) => {
                              e.stopPropagation();
                              toggleExpand(r.id);
                            }}
                          >
                            <Icon name={r.open ? 'chevron-down' : 'chevron-right'} size={12} />
                          </button>
                        )}
                        <KindIcon kind={r.kind} provider={r.provider} country={r.country} size={18} />
                        <button
                          type="button"
                          class="cell"
                          aria-pressed={chosen.has(r.id)}
                          aria-label={r.label}
                          tabIndex={r.id === current ? 0 : -1}
                          onFocus={() => (roving.value = r.id)}
                          onKeyDown={(e) => key(e, r, i)}
                        >
                          {text(c, r)}
                        </button>
                      </span>
                    </th>
                  ),
                )}
              </tr>
            ))}
          </tbody>
          <Other columns={cols.length} />
        </table>
        {n < list.length && (
          <button type="button" class="wide" onClick={() => (shown.value = n + page)}>
            {count(list.length - n)} more rows
          </button>
        )}
      </div>
    </section>
  );
}

function Head({ of: [key, title, kind, part] }: { of: Column }) {
  const on = sort.value.replace('-', '') === key;
  const down = sort.value.startsWith('-');
  const big = kind === 'bytes' || kind === 'count';
  // Numbers begin with the largest, the rest with the first.
  const next = on ? (down ? key : `-${key}`) : big ? `-${key}` : key;
  return (
    <th
      scope="col"
      class={big ? 'num' : ''}
      aria-sort={on ? (down ? 'descending' : 'ascending') : undefined}
      title={part && graph.value.data?.other?.edges ? 'Of the paths that are drawn' : undefined}
    >
      <button type="button" onClick={() => go({ sort: next })}>
        {title}
        <i aria-hidden="true">{on ? (down ? ' ↓' : ' ↑') : ''}</i>
      </button>
    </th>
  );
}

const left = () => {
  const o = graph.value.data?.other;
  const n = o?.[view.value.tab === 'paths' ? 'edges' : 'nodes'];
  return o && n ? { n, o } : null;
};
const rest = () => {
  const x = left();
  return x ? ['', `(${x.n} more, left out)`] : [];
};

/** Other is the remainder that the caps left out. */
function Other({ columns }: { columns: number }) {
  const x = left();
  const caps = meta.value.data?.caps;
  if (!x || !caps) return null;
  const { n, o } = x;
  const { cap, tab } = view.value;
  const more = caps.edges * 2 ** cap < caps.maxEdges || caps.nodes * 2 ** cap < caps.maxNodes;
  return (
    <tfoot>
      <tr class="other">
        <td colSpan={columns}>
          <b>
            {exact(n)} more {tab}, left out
          </b>
          {tab === 'paths' &&
            `: ${o.b == null ? '' : `${bytes(o.b)}, `}${exact(o.r)} records, ${exact(o.denied)} stopped`}{' '}
          {more && (
            <button type="button" onClick={() => go({ cap: cap + 1 })}>
              Show more
            </button>
          )}
        </td>
      </tr>
    </tfoot>
  );
}
