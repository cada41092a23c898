// Right panel of a selected node or path.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { EdgeDetails, Metric, NodeDetails, Peer, PortRow, Ref, Verdicts } from '../api';
import {
  bytes,
  count,
  metricOf,
  passed,
  percent,
  quantity,
  recordsOf,
  stamp,
  stopped,
  sum,
  unit,
} from '../format';
import { iconOf, providerNames } from '../icons';
import { clearSelection, edge, go, narrow, node, select, selectEdge, toggleExpand, view } from '../state';
import { Bar, Icon, KindIcon, Section, Spark, Tile, VerdictBadge, valuesOf } from '../ui';

/** handover: a heading that had the focus is being replaced by another. */
let handover = false;

function Head({ children, title }: { children: ComponentChildren; title: string }) {
  const ref = useRef<HTMLHeadingElement>(null);
  // The panel takes the focus when it was opened from the keyboard, so that Tab
  // goes on in it, and keeps it when "Loading …" gives way to the answer.
  useLayoutEffect(() => {
    const el = ref.current!;
    if (handover || document.activeElement?.closest('#map-list')) el.focus();
    return () => {
      handover = document.activeElement === el;
      queueMicrotask(() => {
        handover = false;
      });
    };
  }, [title]);
  return (
    <header class="panel-head details-head">
      {children}
      <h2 tabIndex={-1} ref={ref}>
        {title}
      </h2>
      <button
        type="button"
        class="ghost"
        aria-label="Close details"
        title="Close (Esc)"
        onClick={clearSelection}
      >
        <Icon name="x" />
      </button>
    </header>
  );
}

const Waiting = ({ error, title }: { error: string; title: string }) => (
  <>
    <Head title={title}>{null}</Head>
    {error ? (
      <p class="empty" role="alert">
        {error}
      </p>
    ) : (
      <div class="skeleton" aria-hidden="true">
        <i />
        <i />
        <i />
      </div>
    )}
  </>
);

// ------------------------------------------------------------------- node

export function NodePanel() {
  const { data: n, error } = node.value;
  if (!n)
    return (
      <Waiting
        title={error ? 'Not here' : 'Loading …'}
        error={
          error ? (error.status === 404 ? 'Nothing of it in this range and filter.' : error.message) : ''
        }
      />
    );
  const m = view.value.metric;
  const records = recordsOf(n.in) + recordsOf(n.out);
  const red = stopped(n.in) + stopped(n.out);
  const from = n.peers.filter((p) => p.dir === 'in').length;
  const to = n.peers.length - from;
  const where = n.path.map((p) => p.label).join(' / ');
  const opened = view.value.expand.includes(n.id);
  return (
    <>
      <Head title={n.label}>
        <KindIcon kind={n.kind} provider={n.provider} country={n.country} size={32} />
      </Head>
      <p class="muted sub">
        {[iconOf(n.kind).title, where, n.count > 1 ? `${count(n.count)} endpoints` : '']
          .filter(Boolean)
          .join(' · ')}
      </p>
      {n.addresses.length > 0 && (
        <p class="addresses">
          {n.addresses.slice(0, 4).map((a) => (
            <code key={a}>{a}</code>
          ))}
          {n.addresses.length + (n.moreAddresses ?? 0) > 4 && (
            <span class="muted">+{count(n.addresses.length - 4 + (n.moreAddresses ?? 0))}</span>
          )}
        </p>
      )}
      <p class="actions">
        <button type="button" onClick={() => narrow(n.filter)} title={n.filter}>
          <Icon name="filter" size={14} /> Only this
        </button>
        <button type="button" onClick={() => narrow(`not (${n.filter})`)} title={`not (${n.filter})`}>
          <Icon name="eye-off" size={14} /> Exclude
        </button>
        {n.count > 1 && (
          <button type="button" onClick={() => toggleExpand(n.id)}>
            <Icon name="box" size={14} /> {opened ? 'Close' : 'Open'}
          </button>
        )}
      </p>
      <dl class="tiles">
        <Tile
          title="In"
          value={text(n.in, m)}
          note={`${count(from)}${n.morePeers ? '+' : ''} ${from === 1 ? 'client' : 'clients'}`}
        />
        <Tile
          title="Out"
          value={text(n.out, m)}
          note={`${count(to)}${n.morePeers ? '+' : ''} ${to === 1 ? 'target' : 'targets'}`}
        />
        <Tile
          title="Records"
          value={count(records)}
          note={records ? `${percent((records - red) / records)} let through` : ''}
        />
        <Tile
          title="Denied"
          value={count(red)}
          note={red ? many(n.peers.filter((p) => stopped(p.verdicts)).length, 'peer') : 'none'}
          red={red > 0}
        />
      </dl>
      <Series of={n} red={red} />
      <Peers n={n} m={m} />
      <Ports rows={n.ports} more={n.morePorts} m={m} peers={n.ports.some((p) => p.peer)} />
      <Facts n={n} />
      <RowsButton />
    </>
  );
}

const text = (v: Verdicts, m: Metric): string => {
  const n = passed(v, m);
  return n === null && recordsOf(v) === 0 ? '0' : `${quantity(n, m)}${m === 'bytes' ? '' : ''}`;
};

function Series({ of, red }: { of: NodeDetails | EdgeDetails; red: number }) {
  return (
    <div class="sparks">
      <Spark
        values={valuesOf(of.series, ['allowed', 'unknown'], 'bytes')}
        label="Bytes let through over time"
      />
      {red > 0 && (
        <Spark
          values={valuesOf(of.series, ['denied', 'dropped'], 'records')}
          label="Records denied over time"
          red
        />
      )}
    </div>
  );
}

function Peers({ n, m }: { n: NodeDetails; m: Metric }) {
  const value = (p: Peer) => passed(p.verdicts, m) ?? 0;
  const max = Math.max(...n.peers.map(value), 1);
  const reds = Math.max(...n.peers.map((p) => stopped(p.verdicts)), 1);
  if (!n.peers.length) return null;
  return (
    <Section title="Peers">
      <ol class="rows">
        {n.peers.map((p) => {
          const no = stopped(p.verdicts);
          const onlyNo = !p.verdicts.allowed && !p.verdicts.unknown && no > 0;
          return (
            <li key={`${p.dir}${p.id}`}>
              <button
                type="button"
                title={p.dir === 'in' ? `${p.label} → ${n.label}` : `${n.label} → ${p.label}`}
                onClick={() => (p.dir === 'in' ? selectEdge(p.id, n.id) : selectEdge(n.id, p.id))}
              >
                <Bar part={onlyNo ? (0.3 * no) / reds : value(p) / max} red={onlyNo} />
                <span class="pair">
                  <i>{p.dir === 'in' ? '←' : '→'}</i> <span>{p.label}</span>{' '}
                  <small>{p.provider ? (providerNames[p.provider] ?? p.provider) : ''}</small>
                </span>
                {onlyNo ? (
                  <span class="num red-text">{count(no)} denied</span>
                ) : (
                  <span class="num">
                    {no > 0 && <span class="red-badge">{count(no)}</span>}{' '}
                    {quantity(passed(p.verdicts, m), m)}
                  </span>
                )}
              </button>
            </li>
          );
        })}
      </ol>
      {n.morePeers ? <p class="muted">and {count(n.morePeers)} more</p> : null}
    </Section>
  );
}

const many = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

const at: Record<string, string> = { client: 'at the client', server: 'at the server', middle: 'on the way' };

function Ports({ rows, more, m, peers }: { rows: PortRow[]; more?: number; m: Metric; peers?: boolean }) {
  if (!rows.length) return null;
  return (
    <Section title="Ports & protocols">
      <table>
        <thead>
          <tr>
            <th scope="col">Port</th>
            {peers && <th scope="col">Peer</th>}
            <th scope="col" class="num">
              Records
            </th>
            <th scope="col" class="num">
              {m === 'packets' ? 'Packets' : m === 'opened' ? 'Opened' : 'Bytes'}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((p) => {
            const no = p.v === 'denied' || p.v === 'dropped';
            const why = [p.reason, p.at ? at[p.at] : ''].filter(Boolean).join(', ');
            return (
              <tr
                key={`${p.proto}${p.port}${p.v}${p.dir ?? ''}${p.peer?.id ?? ''}${p.reason ?? ''}`}
                class={no ? 'stopped' : ''}
                title={why}
              >
                <td>
                  <b>{p.port ?? p.proto}</b>{' '}
                  <small>{[p.port === null ? '' : p.proto, p.name].filter(Boolean).join(' ')}</small>
                  {!peers && why && <small class="why">{why}</small>}
                </td>
                {peers && <td class="clip">{p.peer?.label ?? ''}</td>}
                <td class="num">{count(p.r)}</td>
                <td class="num">
                  {no || p.v === 'unknown' ? no ? <VerdictBadge v={p.v} /> : amount(p, m) : amount(p, m)}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {more ? <p class="muted">and {count(more)} more</p> : null}
    </Section>
  );
}

const amount = (p: PortRow, m: Metric): string =>
  m === 'packets' ? count(p.p) : m === 'opened' ? count(p.o) : bytes(p.b);

function Facts({ n }: { n: NodeDetails }) {
  const facts: [string, string | undefined][] = [
    ['Account', n.account],
    ['Region', [n.region, n.zone].filter(Boolean).join(' / ')],
    ['Service', n.service && n.service !== n.label ? n.service : ''],
    ['AS', n.asn],
    ['Owner', n.owner],
    ...Object.entries(n.tags ?? {}).slice(0, 8),
    ['Named by', n.namedBy],
    ['First seen', stamp(Date.parse(n.first))],
    ['Last seen', stamp(Date.parse(n.last))],
  ];
  return (
    <Section title="Identity">
      <dl class="facts">
        {facts
          .filter(([, v]) => v)
          .map(([k, v]) => (
            <div key={k}>
              <dt>{k}</dt>
              <dd>{v}</dd>
            </div>
          ))}
      </dl>
    </Section>
  );
}

const RowsButton = () => (
  <button type="button" class="wide" aria-expanded={view.value.rows} onClick={() => go({ rows: true })}>
    View flow records
  </button>
);

// ------------------------------------------------------------------- path

export function EdgePanel() {
  const { data: e, error } = edge.value;
  if (!e)
    return (
      <Waiting
        title={error ? 'Not here' : 'Loading …'}
        error={
          error
            ? error.status === 404
              ? 'Nothing on this path in this range and filter.'
              : error.message
            : ''
        }
      />
    );
  const m = view.value.metric;
  const red = stopped(e.verdicts);
  const all = recordsOf(e.verdicts);
  const opened = sum(Object.values(e.verdicts).map((c) => metricOf(c, 'opened')));
  return (
    <>
      <Head title={`${e.s.label} → ${e.t.label}`}>{null}</Head>
      <p class="ends">
        <End of={e.s} role="client" /> <i aria-hidden="true">→</i> <End of={e.t} role="server" />
      </p>
      <p class="actions">
        <button type="button" onClick={() => narrow(e.filter)} title={e.filter}>
          <Icon name="filter" size={14} /> Only this
        </button>
        <button type="button" onClick={() => narrow(`not (${e.filter})`)} title={`not (${e.filter})`}>
          <Icon name="eye-off" size={14} /> Exclude
        </button>
      </p>
      <dl class="tiles">
        <Tile
          title={m === 'bytes' ? 'Traffic' : m === 'packets' ? 'Packets' : 'Let through'}
          value={text(e.verdicts, m)}
          note="both directions"
        />
        <Tile
          title="Records"
          value={count(all)}
          note={opened === null ? 'opened: not logged' : `${count(opened)} opened`}
        />
        <Tile
          title="Denied"
          value={count(e.verdicts.denied?.r ?? 0)}
          note={e.verdicts.denied?.at ? at[e.verdicts.denied.at] : ''}
          red={Boolean(e.verdicts.denied)}
        />
        <Tile
          title="Dropped"
          value={count(e.verdicts.dropped?.r ?? 0)}
          note={e.verdicts.unknown ? `${count(e.verdicts.unknown.r)} not told` : ''}
        />
      </dl>
      {e.answer === 'none' && (
        <p class="note">Let through, but no answer was seen although the log could have shown one.</p>
      )}
      {e.sampled && <p class="note">Sampled: counters are estimates.</p>}
      {e.incomplete && <p class="note">Logs lost records here; the counters are a lower bound.</p>}
      <Series of={e} red={red} />
      <Ports rows={e.ports} more={e.morePorts} m={m} />
      <Section title="Seen">
        <dl class="facts">
          {Object.entries(e.seenBy ?? {}).map(([k, v]) => (
            <div key={k}>
              <dt>by {k}</dt>
              <dd>
                {count(v)} {unit('records').trim()}
              </dd>
            </div>
          ))}
          <div>
            <dt>First</dt>
            <dd>{stamp(Date.parse(e.first))}</dd>
          </div>
          <div>
            <dt>Last</dt>
            <dd>{stamp(Date.parse(e.last))}</dd>
          </div>
        </dl>
      </Section>
      <RowsButton />
    </>
  );
}

const End = ({ of, role }: { of: Ref; role: string }) => (
  <button type="button" onClick={() => select(of.id)} title={`${role}: ${of.label}`}>
    <KindIcon kind={of.kind} provider={of.provider} size={20} />
    <span>
      <b>{of.label}</b>
      <small>{role}</small>
    </span>
  </button>
);
