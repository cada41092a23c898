// Two small lines over time, and what they say in words.
import type { Timeline } from '../api/panels';
import type { Verdict } from '../api/words';
import { bytes, count } from '../format';
import { told } from '../time/told';
import { Spark, valuesOf } from '../ui';

const through: Verdict[] = ['allowed', 'unknown'];
const no: Verdict[] = ['denied', 'dropped'];

/** Series draws bytes let through and records stopped, the second only where there are any. */
export function Series({ of, verdicts = through }: { of: Timeline; verdicts?: Verdict[] }) {
  const at = Date.parse(of.t0);
  const reds = (verdicts === through ? no : verdicts).filter((v) => no.includes(v) && of[v]);
  const lines = [
    {
      values: valuesOf(
        of,
        verdicts.filter((v) => through.includes(v)),
        'bytes',
      ),
      red: false,
      name: 'Let through',
      write: bytes,
    },
    {
      values: valuesOf(of, reds, 'records'),
      red: true,
      name: reds.length > 1 ? 'Denied and dropped' : reds[0] === 'dropped' ? 'Dropped' : 'Denied',
      write: (n: number | null) => `${count(n)} records`,
    },
  ].filter((l) => l.values.some((v) => v));
  return (
    <div class="sparks">
      {lines.map((l) => {
        const text = told(l.values, at, of.step, l.write);
        return (
          <figure key={l.name}>
            <Spark values={l.values} red={l.red} />
            <figcaption>
              {l.name}: {text}
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}
