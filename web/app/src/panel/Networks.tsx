// The tree of networks: one stop of the Tab key, arrows within.
import { useComputed, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Level } from '../api/words';
import { count } from '../format';
import { graph, narrow, select, view } from '../state';
import { Icon, KindIcon, Section } from '../ui';
import { clauseOf, type Line, treeOf, visible } from './tree';

const heads: Partial<Record<Level, string>> = {
  provider: 'Providers',
  account: 'Accounts',
  region: 'Regions',
};

export function Networks() {
  const shut = useSignal<ReadonlySet<string>>(new Set());
  const at = useSignal('');
  const roots = useComputed(() => (graph.value.data ? treeOf(graph.value.data) : []));
  const list = visible(roots.value, shut.value);
  const box = useRef<HTMLUListElement>(null);
  const stop = list.some((x) => x.line.id === at.value) ? at.value : list[0]?.line.id;

  const toggle = (id: string, closed: boolean) => {
    const s = new Set(shut.value);
    if (closed) s.add(id);
    else s.delete(id);
    shut.value = s;
  };
  const key = (e: KeyboardEvent) => {
    const i = list.findIndex((x) => x.line.id === stop);
    const { line, depth } = list[i];
    const closed = shut.value.has(line.id);
    const inner = line.children.length > 0;
    const up = () => list.findLastIndex((x, j) => j < i && x.depth < depth);
    let to = -1;
    if (e.key === 'ArrowDown') to = i + 1;
    else if (e.key === 'ArrowUp') to = i - 1;
    else if (e.key === 'Home') to = 0;
    else if (e.key === 'End') to = list.length - 1;
    else if (e.key === 'ArrowRight' && inner && closed) toggle(line.id, false);
    else if (e.key === 'ArrowRight') to = inner ? i + 1 : -1;
    else if (e.key === 'ArrowLeft' && inner && !closed) toggle(line.id, true);
    else if (e.key === 'ArrowLeft') to = up();
    else if ((e.key === 'Enter' || e.key === ' ') && line.id) select(line.id);
    else return;
    e.preventDefault();
    e.stopPropagation();
    const next = list[to]?.line.id;
    if (next === undefined) return;
    at.value = next;
    box.current?.querySelectorAll<HTMLElement>('[role=treeitem]')[to]?.focus();
  };
  return (
    <Section title={heads[view.value.level] ?? 'Networks'}>
      {list.length ? (
        <ul class="tree" role="tree" aria-label="Networks" ref={box} onKeyDown={key}>
          {list.map(({ line, depth }) => (
            <Row
              key={line.id}
              line={line}
              depth={depth}
              closed={shut.value.has(line.id)}
              stop={line.id === stop}
              toggle={toggle}
            />
          ))}
        </ul>
      ) : (
        <p class="empty">{graph.value.busy ? 'Loading …' : 'No networks in this view.'}</p>
      )}
    </Section>
  );
}

interface RowProps {
  line: Line;
  depth: number;
  closed: boolean;
  stop: boolean;
  toggle: (id: string, closed: boolean) => void;
}

function Row({ line: l, depth, closed, stop, toggle }: RowProps) {
  const inner = l.children.length > 0;
  const clause = clauseOf(l.kind, l.id);
  return (
    <li
      role="treeitem"
      class={`line d${Math.min(depth, 2)}`}
      tabIndex={stop ? 0 : -1}
      aria-level={depth + 1}
      aria-expanded={inner ? !closed : undefined}
      aria-selected={Boolean(l.id) && view.value.sel === l.id}
      onClick={() => l.id && select(l.id)}
    >
      <i
        class={inner ? 'twist' : 'twist none'}
        onClick={(e) => {
          e.stopPropagation();
          toggle(l.id, !closed);
        }}
      >
        <Icon name={closed ? 'chevron-right' : 'chevron-down'} size={11} />
      </i>
      {depth === 0 ? (
        <KindIcon
          kind={l.id ? (l.provider === 'azure' ? 'azure.vnet' : `${l.provider}.vpc`) : 'gen.unknown'}
          provider={l.provider}
          size={16}
        />
      ) : (
        <i class={`ring p-${l.provider || 'none'}`} />
      )}
      <span class="name" title={l.label}>
        {l.label}
      </span>
      {l.denied > 0 && (
        <span class="red-badge" title={`${l.denied} records stopped`}>
          {count(l.denied)}
          <span class="hidden"> stopped</span>
        </span>
      )}
      <span class="num">
        {count(l.endpoints)}
        <span class="hidden"> endpoints</span>
      </span>
      {l.id && (
        <i
          class="only"
          title={`Show only ${clause}`}
          onClick={(e) => {
            e.stopPropagation();
            narrow(clause);
          }}
        >
          <Icon name="filter" size={13} />
        </i>
      )}
    </li>
  );
}
