import './style/base.css';
import './style/regions.css';
import './style/top.css';
import './style/panels.css';
import './style/left.css';
import './style/details.css';
import './style/map.css';
import './style/acts.css';
import './style/time.css';
import './style/states.css';
import './style/narrow.css';
import { signal, useSignal } from '@preact/signals';
import { type ComponentChildren, render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Find } from './act/Find';
import { Hidden } from './act/Hidden';
import { Menu } from './act/Menu';
import { loadGlyphs } from './glyphs';
import './map/paper';
import { onKey, shortcuts } from './keys';
import { Bar, Legend, Opened, Zoom } from './map/Bars';
import { MapView } from './map/Map';
import { bottom, summary } from './map/model';
import { EdgePanel } from './panel/Edge';
import { Left } from './panel/Left';
import { NodePanel } from './panel/Node';
import { Overview } from './panel/Overview';
import { Rows } from './panel/Rows';
import { Several, WaysPanel } from './panel/Several';
import { clock, go, graph, meta, said, tabled, view } from './state';
import { dragging } from './states/drop';
import { LeftOut } from './states/LeftOut';
import { States } from './states/States';
import { Table } from './table/Table';
import { Time } from './time/Time';
import { Top } from './top/Top';
import { Icon } from './ui';

/** media follows a media query. */
const media = (query: string) => {
  const list = matchMedia(query);
  const on = signal(list.matches);
  list.addEventListener?.('change', (e) => {
    on.value = e.matches;
  });
  return on;
};
const narrow = media('(max-width: 1099px)');
const phone = media('(max-width: 799px)');

function Page() {
  const help = useSignal(false);
  const drawer = useSignal(false);
  const sheet = useSignal(false); // the overview, on a phone
  const v = view.value;
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && (drawer.value || sheet.value)) {
        drawer.value = false;
        sheet.value = false;
      } else onKey(e, help);
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
  const chosen = Boolean(v.sel || v.edge || v.path);
  // On a phone the panel is a sheet over the map: it opens when it is wanted.
  const right = phone.value ? chosen || sheet.value : v.right;
  const cls = ['page', v.left ? '' : 'no-left', right ? '' : 'no-right', drawer.value ? 'drawer' : ''].join(
    ' ',
  );
  const busy = meta.value.busy || graph.value.busy;
  return (
    <div class={cls}>
      <Top
        onMenu={() => {
          if (narrow.value) drawer.value = !drawer.value;
          else go({ left: !view.value.left });
        }}
      />
      <div class={busy ? 'progress on' : 'progress'} aria-hidden="true" />
      {narrow.value ? drawer.value && <Left drawer /> : v.left && <Left />}
      {drawer.value && (
        <button
          type="button"
          class="shade"
          aria-label="Close the left panel"
          onClick={() => (drawer.value = false)}
        />
      )}
      <main class={tabled.value ? 'tabled' : ''}>
        <h2 class="hidden">{tabled.value ? 'Table' : 'Map'}</h2>
        <MapView />
        {tabled.value && <Table />}
        <Find />
        <Bar />
        <States />
        <Foot>
          <Opened />
          <Hidden />
          <LeftOut />
          <Legend />
          <Zoom />
        </Foot>
        <Rows />
        <Menu />
        {phone.value && !right && clock.value && (
          <button type="button" class="sheet-open" onClick={() => (sheet.value = true)}>
            Overview
          </button>
        )}
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
          {v.path ? (
            <WaysPanel />
          ) : v.edge ? (
            <EdgePanel />
          ) : v.also.length ? (
            <Several />
          ) : v.sel ? (
            <NodePanel />
          ) : (
            <Overview close={phone.value ? () => (sheet.value = false) : undefined} />
          )}
        </aside>
      )}
      <Time />
      {help.value && <Help close={() => (help.value = false)} />}
      <p class="hidden" aria-live="polite">
        {said.value || (graph.value.busy ? '' : summary.value)}
      </p>
      {dragging.value && <p class="drop-here">Drop flow logs to read them</p>}
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

loadGlyphs();
render(<Page />, document.getElementById('page')!);
