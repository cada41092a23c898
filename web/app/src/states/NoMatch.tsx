// Nothing matches: everything that narrows the view, each to be taken away.
import { stamp } from '../format';
import { go, parsed, resetTime, times, view } from '../state';
import { Icon } from '../ui';
import { iso } from '../view';

const Chip = ({ text, label, act }: { text: string; label?: string; act: () => void }) => (
  <button type="button" class="chip" aria-label={label} onClick={act}>
    {text} <Icon name="x" size={12} />
  </button>
);

export function NoMatch({ nearest }: { nearest?: string | null }) {
  const chips = parsed.value.data?.chips ?? [];
  const v = view.value;
  const without = (i: number) =>
    chips
      .filter((_, j) => j !== i)
      .map((c) => c.text)
      .join(' and ');
  return (
    <div class="card-state">
      <h2>No flows match</h2>
      <p class="chips">
        {chips.map((c, i) => (
          <Chip
            key={`${c.text}${i}`}
            text={c.text}
            label={`Remove filter ${c.text}`}
            act={() => go({ q: without(i) })}
          />
        ))}
        {v.q && chips.length === 0 && <Chip text="clear the filter" act={() => go({ q: '' })} />}
        {v.hide.map((h) => (
          <Chip
            key={h}
            text={`hidden: ${h}`}
            label={`Show again ${h}`}
            act={() => go({ hide: v.hide.filter((x) => x !== h) })}
          />
        ))}
        {v.show !== 'all' && <Chip text={`${v.show} only`} act={() => go({ show: 'all' })} />}
        {(v.from || v.to || v.end) && <Chip text="clear time range" act={resetTime} />}
      </p>
      {nearest && <Nearest at={Date.parse(nearest)} />}
    </div>
  );
}

const five = 3e5;
/** Nearest goes to a range as long as now that ends, or begins, with the bucket of a time that has data. */
function Nearest({ at }: { at: number }) {
  const [a, b] = times.value?.range ?? [0, 0];
  const bucket = Math.floor(at / five) * five;
  const from = at >= b ? bucket : bucket + five - (b - a);
  return (
    <button
      type="button"
      class="wide"
      onClick={() => go({ from: iso(from), to: iso(from + b - a), win: '', end: '' })}
    >
      {at >= b ? 'Next' : 'Last'} matching flow: {stamp(at)} UTC
    </button>
  );
}
