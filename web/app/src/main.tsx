import './style/base.css';
import './style/regions.css';
import './style/top.css';
import './style/panels.css';
import './style/map.css';
import './style/time.css';
import './style/narrow.css';
import { useSignal } from '@preact/signals';
import { type ComponentChildren, render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { stamp } from './format';
import { onKey, shortcuts } from './keys';
import { Bar, LeftOut, Legend, Opened, Zoom } from './map/Bars';
import { MapView } from './map/Map';
import { bottom, summary } from './map/model';
import { EdgePanel, NodePanel } from './panel/Details';
import { Left } from './panel/Left';
import { Overview } from './panel/Overview';
import { Rows } from './panel/Rows';
import { clock, go, graph, meta, parsed, resetTime, retry, said, view } from './state';
import { Time } from './time/Time';
import { Top } from './top/Top';
import { Icon } from './ui';

const narrowLeft = matchMedia('(max-width: 1099px)');
const phone = matchMedia('(max-width: 799px)');

function Page() {
  const help = useSignal(false);
  const drawer = useSignal(false);
  const v = view.value;
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && drawer.value) drawer.value = false;
      else onKey(e, help);
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
  const chosen = Boolean(v.sel || v.edge);
  // On a phone the panel is a sheet over the map: it opens for a selection only.
  const right = v.right && (!phone.matches || chosen);
  const cls = ['page', v.left ? '' : 'no-left', right ? '' : 'no-right', drawer.value ? 'drawer' : ''].join(
    ' ',
  );
  const busy = meta.value.busy || graph.value.busy;
  return (
    <div class={cls}>
      <Top
        onMenu={() => {
          if (narrowLeft.matches) drawer.value = !drawer.value;
          else go({ left: !view.value.left });
        }}
      />
      <div class={busy ? 'progress on' : 'progress'} aria-hidden="true" />
      {(v.left || drawer.value) && <Left />}
      {drawer.value && (
        <button
          type="button"
          class="shade"
          aria-label="Close the left panel"
          onClick={() => (drawer.value = false)}
        />
      )}
      <main>
        <h2 class="hidden">Map</h2>
        <MapView />
        <Bar />
        <States />
        <Foot>
          <Opened />
          <LeftOut />
          <Legend />
          <Zoom />
        </Foot>
        <Rows />
        <button
          type="button"
          class="edge-left"
          aria-label={v.left ? 'Hide the left panel' : 'Show the left panel'}
          title="Left panel ([)"
          onClick={() => go({ left: !v.left })}
        >
          <Icon name={v.left ? 'chevron-left' : 'chevron-right'} size={12} />
        </button>
        <button
          type="button"
          class="edge-right"
          aria-label={v.right ? 'Hide the right panel' : 'Show the right panel'}
          title="Right panel (])"
          onClick={() => go({ right: !v.right })}
        >
          <Icon name={v.right ? 'chevron-right' : 'chevron-left'} size={12} />
        </button>
      </main>
      {right && (
        <aside class="right" aria-label="Details">
          {v.edge ? <EdgePanel /> : v.sel ? <NodePanel /> : <Overview />}
        </aside>
      )}
      <Time />
      {help.value && <Help close={() => (help.value = false)} />}
      <p class="hidden" aria-live="polite">
        {said.value || (graph.value.busy ? '' : summary.value)}
      </p>
      {said.value && (
        <p class="toast" aria-hidden="true">
          {said.value}
        </p>
      )}
    </div>
  );
}

/** Foot tells the map how much of it is covered. */
function Foot({ children }: { children: ComponentChildren }) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const watch = new ResizeObserver(() => {
      const h = ref.current?.offsetHeight ?? 0;
      if (h) bottom.value = h + 18;
    });
    watch.observe(ref.current!);
    return () => watch.disconnect();
  }, []);
  return (
    <div class="foot" ref={ref}>
      {children}
    </div>
  );
}

/** States: first run, nothing matches, an error. What is loading keeps the old picture. */
function States() {
  const m = meta.value;
  const g = graph.value;
  const error = m.error ?? (g.error && g.error.pos < 0 ? g.error : null);
  if (error)
    return (
      <div class="banner" role="alert">
        <Icon name="alert-triangle" />
        <span>
          {error.message}
          {error.hint && <small>{error.hint}</small>}
        </span>
        <button type="button" onClick={retry}>
          Retry
        </button>
      </div>
    );
  if (m.data && !clock.value)
    return (
      <div class="card-state">
        <h2>No flow logs yet</h2>
        <p>Read some, then look at them here:</p>
        <pre>periplus map ./logs</pre>
        <p class="muted">
          Any mix of files and folders of AWS, Google Cloud and Azure flow logs. A simulated company to try it
          with:
        </p>
        <pre>periplus demo</pre>
      </div>
    );
  if (g.data && !g.busy && !g.error && g.data.edges.length === 0) {
    const chips = parsed.value.data?.chips ?? [];
    const v = view.value;
    return (
      <div class="card-state">
        <h2>No flows match</h2>
        <p class="chips">
          {chips.map((c, i) => (
            <button
              type="button"
              class="chip"
              key={c.text}
              aria-label={`Remove filter ${c.text}`}
              onClick={() =>
                go({
                  q: chips
                    .filter((_, j) => j !== i)
                    .map((x) => x.text)
                    .join(' and '),
                })
              }
            >
              {c.text} <Icon name="x" size={12} />
            </button>
          ))}
          {v.q && chips.length === 0 && (
            <button type="button" class="chip" onClick={() => go({ q: '' })}>
              clear the filter <Icon name="x" size={12} />
            </button>
          )}
          {v.show !== 'all' && (
            <button type="button" class="chip" onClick={() => go({ show: 'all' })}>
              {v.show} only <Icon name="x" size={12} />
            </button>
          )}
          {(v.from || v.to || v.end) && (
            <button type="button" class="chip" onClick={resetTime}>
              clear time range <Icon name="x" size={12} />
            </button>
          )}
        </p>
        {g.data.nearest && <p class="muted">Last matching flow: {stamp(Date.parse(g.data.nearest))} UTC</p>}
      </div>
    );
  }
  return null;
}

function Help({ close }: { close: () => void }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => ref.current?.showModal(), []);
  return (
    <dialog ref={ref} class="help" onClose={close} aria-labelledby="help-title">
      <h2 id="help-title">Keyboard</h2>
      <dl>
        {shortcuts.map(([k, what]) => (
          <div key={k}>
            <dt>{k}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => ref.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

render(<Page />, document.getElementById('page')!);
