// What stands over the map where there is none to look at: first run, nothing
// matches, an error. What is loading keeps the old picture.
import { clock, graph, meta, retry } from '../state';
import { Icon } from '../ui';
import { FirstRun } from './FirstRun';
import { Jobs } from './Jobs';
import { NoMatch } from './NoMatch';

export function States() {
  const m = meta.value;
  const g = graph.value;
  const error = m.error ?? (g.error && g.error.pos < 0 ? g.error : null);
  const empty = m.data && !clock.value;
  return (
    <>
      {error ? (
        <div class="banner" role="alert">
          <Icon name="alert-triangle" />
          <span>
            {error.message}
            {error.hint && <small>{error.hint}</small>}
            {error.status === 0 && <small>It is asked again every 5 seconds.</small>}
          </span>
          <button type="button" onClick={retry}>
            Retry
          </button>
        </div>
      ) : empty ? (
        <FirstRun />
      ) : g.data && !g.busy && !g.error && g.data.edges.length === 0 ? (
        <NoMatch nearest={g.data.nearest} />
      ) : !g.data && !g.error ? (
        <div class="skeleton map-skeleton" aria-hidden="true">
          {[0, 1, 2, 3, 4, 5].map((i) => (
            <i key={i} />
          ))}
        </div>
      ) : null}
      {!empty && <Jobs />}
    </>
  );
}
