// The rows of the evidence behind what is selected, each with its log object.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { get, url } from '../api/client';
import type { FlowRow, Flows } from '../api/panels';
import { bytes, count, day, exact, seconds } from '../format';
import { edge, flowParams, flows, go, node, say, view } from '../state';
import { Icon, VerdictBadge } from '../ui';
import { useFocus } from './focus';

export const Rows = () => (view.value.rows ? <Sheet /> : null);

function Sheet() {
  const { data, error, busy } = flows.value;
  const head = useRef<HTMLHeadingElement>(null);
  useFocus(head, '.right .wide');
  const more = useSignal<FlowRow[]>([]);
  const next = useSignal<string | null>(null);
  useSignalEffect(() => {
    const d = flows.value.data;
    more.value = [];
    next.value = d?.next ?? null;
  });
  const of = view.value.sel
    ? node.value.data?.label
    : view.value.edge
      ? edge.value.data && `${edge.value.data.s.label} → ${edge.value.data.t.label}`
      : 'this view';
  const rows = [...(data?.rows ?? []), ...more.value];
  const load = async () => {
    try {
      const page = await get<Flows>('flows', { ...flowParams(), cursor: next.value ?? '' });
      more.value = [...more.value, ...page.rows];
      next.value = page.next ?? null;
    } catch (e) {
      say(e instanceof Error ? e.message : String(e));
    }
  };
  return (
    <section class="sheet" aria-label="Flow records">
      <header>
        <h2 tabIndex={-1} ref={head}>
          Flow records{of ? ` of ${of}` : ''}{' '}
          <small class="muted">
            {data?.total != null && `${exact(data.total)} rows, `}in order of time
            {rows.length > 0 && `, ${exact(rows.length)} shown`}
          </small>
        </h2>
        {(['csv', 'ndjson'] as const).map((format) => (
          <a
            key={format}
            href={url('flows', { ...flowParams(), limit: undefined, format })}
            download={`periplus-flows.${format}`}
            title="All rows of this range and filter"
          >
            <Icon name="download" size={14} /> {format.toUpperCase()}
          </a>
        ))}
        <button
          type="button"
          class="ghost"
          aria-label="Close flow records"
          title="Close (Esc)"
          onClick={() => go({ rows: false })}
        >
          <Icon name="x" />
        </button>
      </header>
      {error && <p role="alert">{error.message}</p>}
      {!error && !busy && rows.length === 0 && <p class="empty">No rows in this range and filter.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by the keyboard */}
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of flow records">
        <table>
          <thead>
            <tr>
              <th scope="col">First seen (UTC)</th>
              <th scope="col">Client</th>
              <th scope="col">Server</th>
              <th scope="col">Port</th>
              <th scope="col">Verdict</th>
              <th scope="col" class="num">
                Request
              </th>
              <th scope="col" class="num">
                Response
              </th>
              <th scope="col" class="num">
                Records
              </th>
              <th scope="col">Seen by</th>
              <th scope="col">Log object</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r, i) => (
              <Row key={i} r={r} />
            ))}
          </tbody>
        </table>
        {next.value && (
          <button type="button" class="wide" onClick={load}>
            Load more rows
          </button>
        )}
      </div>
    </section>
  );
}

/** middleCut keeps both ends of a long path; the whole is in the title. */
const middleCut = (s: string, n: number): string =>
  s.length <= n ? s : `${s.slice(0, n / 2)}…${s.slice(s.length - n / 2)}`;

async function copy(uri: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(uri);
    say('Address of the log object copied');
  } catch {
    say(`The browser does not let the page copy: ${uri}`);
  }
}

const End = ({ address, name }: { address: string; name?: string }) => (
  <td>
    {name && name !== address ? (
      <>
        {name} <small class="mono">{address}</small>
      </>
    ) : (
      <span class="mono">{address}</span>
    )}
  </td>
);

const Row = ({ r }: { r: FlowRow }) => {
  const t = Date.parse(r.first);
  return (
    <tr>
      <td class="mono">
        {day(t)} {seconds(t)}
      </td>
      <End address={r.client} name={r.clientName} />
      <End address={r.server} name={r.serverName} />
      <td>
        {r.port ?? '–'} <small>{r.proto}</small>
      </td>
      <td>
        <VerdictBadge v={r.verdict} /> {r.reason && <small>{r.reason}</small>}
      </td>
      <td class="num">{bytes(r.requestBytes)}</td>
      <td class="num">{bytes(r.responseBytes)}</td>
      <td class="num">{count(r.records)}</td>
      <td>
        {r.observer} {r.interface && <small class="mono">{r.interface}</small>}
      </td>
      <td title={r.object}>
        <button
          type="button"
          class="ghost copy"
          aria-label="Copy the address of the log object"
          title={`Copy ${r.object}`}
          onClick={() => void copy(r.object)}
        >
          <Icon name="link" size={12} />
        </button>
        <span class="mono">{r.object.slice(r.object.lastIndexOf('/') + 1)}</span>
        <small class="mono">{middleCut(r.object.slice(0, r.object.lastIndexOf('/') + 1), 46)}</small>
      </td>
    </tr>
  );
};
