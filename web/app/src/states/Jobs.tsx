// How sending and reading of files goes on, and what could not be read.
import type { Job } from '../api/changes';
import { bytes, count, exact } from '../format';
import { callOff, forget, jobs, over } from '../time/live';
import { Bar, Icon } from '../ui';
import { sending } from './drop';

export function Jobs() {
  const s = sending.value;
  if (!s && !jobs.value.length) return null;
  return (
    <div class="jobs" role="status">
      {s && (
        <Line
          title={`Sending ${exact(s.files)} ${s.files === 1 ? 'file' : 'files'}`}
          part={s.total ? s.sent / s.total : 0}
          text={`${bytes(s.sent)} of ${bytes(s.total)}`}
          end={['Cancel', s.stop]}
        />
      )}
      {jobs.value.map((j) => (
        <JobLine key={j.id} j={j} />
      ))}
    </div>
  );
}

const words: Record<Job['state'], string> = {
  queued: 'waiting',
  reading: 'reading',
  merging: 'records are read, the map is being made',
  done: 'done',
  failed: 'failed',
  stopped: 'called off',
};

/** told is a job in numbers. */
export function told(j: Job): string {
  const bad = Object.values(j.bad).reduce((n, x) => n + x, 0);
  return [
    words[j.state],
    `${exact(j.done)} of ${exact(j.objects)} files`,
    j.bytes ? `${bytes(j.doneBytes)} of ${bytes(j.bytes)}` : '',
    `${count(j.records)} records`,
    bad ? `${exact(bad)} bad lines` : '',
    j.failed ? `${exact(j.failed)} unreadable` : '',
    j.skipped ? `${exact(j.skipped)} read before` : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function JobLine({ j }: { j: Job }) {
  const ended = over(j);
  return (
    <Line
      title={j.name}
      part={ended ? 1 : j.bytes ? j.doneBytes / j.bytes : j.objects ? j.done / j.objects : 0}
      text={told(j)}
      bad={j.state === 'failed'}
      end={ended ? ['Close', () => forget(j.id)] : ['Cancel', () => void callOff(j.id)]}
    >
      {j.error && (
        <p class="red-text">
          {j.error.message}
          {j.error.hint && <small> {j.error.hint}</small>}
        </p>
      )}
      {j.problems?.length ? (
        <details>
          <summary>What could not be read</summary>
          <ul>
            {j.problems.map((p, i) => (
              <li key={i}>
                <code>
                  {p.file}
                  {p.line ? `:${p.line}` : ''}
                </code>{' '}
                {p.message}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </Line>
  );
}

interface LineProps {
  title: string;
  part: number;
  text: string;
  bad?: boolean;
  end: [string, () => void];
  children?: preact.ComponentChildren;
}

const Line = ({ title, part, text, bad, end, children }: LineProps) => (
  <div class="job">
    <p>
      <b>{title}</b>
      <button type="button" class="ghost" aria-label={`${end[0]} ${title}`} title={end[0]} onClick={end[1]}>
        <Icon name="x" />
      </button>
    </p>
    <span class="track">
      <Bar part={part} red={bad} />
    </span>
    <p class="muted">{text}</p>
    {children}
  </div>
);
