// Chips of what is not shown: what was hidden, and what lies outside the focus.
import { go, view } from '../state';
import { Icon } from '../ui';
import { hide, named, nameOf, noisy } from './target';

export function Hidden() {
  const { hide: list, focus, hops } = view.value;
  const noise = noisy();
  if (!list.length && !focus.length && !noise.length) return null;
  return (
    <p class="opened" role="group" aria-label="Hidden">
      {list.map((h, i) => (
        <button
          type="button"
          class="chip"
          key={h}
          aria-label={`Show again: ${named(h)}`}
          title={`Hidden: ${h}`}
          onClick={() => go({ hide: list.filter((_, j) => j !== i) })}
        >
          <Icon name="eye-off" size={12} />
          <span>{named(h).replace(/^node = /, '')}</span> <Icon name="x" size={12} />
        </button>
      ))}
      {list.length > 1 && (
        <button type="button" class="chip" onClick={() => go({ hide: [] })}>
          Show all again
        </button>
      )}
      {focus.length > 0 && (
        <button type="button" class="chip" title="End the focus" onClick={() => go({ focus: [], hops: 1 })}>
          <span>
            Focus: {focus.length > 2 ? `${focus.length} nodes` : focus.map(nameOf).join(', ')}, {hops}{' '}
            {hops > 1 ? 'hops' : 'hop'}
          </span>{' '}
          <Icon name="x" size={12} />
        </button>
      )}
      {noise.length > 0 && (
        <button type="button" class="chip" onClick={() => hide({ ids: noise })}>
          <Icon name="eye-off" size={12} /> Hide scanners and health checks
        </button>
      )}
    </p>
  );
}
