// Saved views: names for what the address says. The server keeps them beside the lake.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Views as List } from '../api/changes';
import { ApiError, get, send } from '../api/client';
import { go, say } from '../state';
import { Icon } from '../ui';
import { fromURL } from '../view';
import { Drop } from './Drop';

const at = (name: string) => `views/${encodeURIComponent(name)}`;

export const Views = () => (
  <Drop name="Views" icon="table">
    {(close) => <Shelf close={close} />}
  </Drop>
);

function Shelf({ close }: { close: () => void }) {
  const list = useSignal<List['views'] | null>(null);
  const wrong = useSignal('');
  const name = useSignal('');
  const old = useSignal(''); // the view that gets a new name
  const ask = async (what: () => Promise<List>, done = '') => {
    try {
      list.value = (await what()).views;
      wrong.value = '';
      if (done) say(done);
    } catch (e) {
      wrong.value = e instanceof ApiError ? e.text : String(e);
    }
  };
  useEffect(() => void ask(() => get<List>('views')), []);
  const views = list.value ?? [];
  const query = location.search.slice(1);
  const store = async () => {
    const n = name.value.trim();
    const from = views.find((v) => v.name === old.value);
    if (!n) return;
    await ask(
      () => send<List>('PUT', at(n), { query: from ? from.query : query }),
      from ? `Renamed to ${n}` : `Saved as ${n}`,
    );
    if (from && from.name !== n && !wrong.value) await ask(() => send<List>('DELETE', at(from.name)));
    if (!wrong.value) name.value = old.value = '';
  };
  const known = views.some((v) => v.name === name.value.trim());
  return (
    <div class="views">
      {wrong.value && <p role="alert">{wrong.value}</p>}
      {list.value && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void store();
          }}
        >
          <input
            aria-label={old.value ? `New name of ${old.value}` : 'Name of this view'}
            placeholder="Name of this view"
            maxLength={100}
            value={name.value}
            onInput={(e) => (name.value = e.currentTarget.value)}
          />
          <button type="submit">{old.value ? 'Rename' : known ? 'Overwrite' : 'Save'}</button>
        </form>
      )}
      {list.value && !views.length && <p class="muted">None is saved yet.</p>}
      <ul>
        {views.map((v) => (
          <li key={v.name}>
            <button
              type="button"
              class="name"
              aria-current={v.query === query}
              onClick={() => {
                close();
                go(fromURL(`?${v.query}`));
              }}
            >
              {v.name}
            </button>
            <button
              type="button"
              class="ghost"
              aria-label={`Rename ${v.name}`}
              title="Rename; or type its name above to overwrite it"
              onClick={() => (name.value = old.value = v.name)}
            >
              <Icon name="refresh" size={14} />
            </button>
            <button
              type="button"
              class="ghost"
              aria-label={`Delete ${v.name}`}
              title="Delete"
              onClick={() => void ask(() => send<List>('DELETE', at(v.name)), `${v.name} deleted`)}
            >
              <Icon name="x" size={14} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
