// News from the server: that the data has changed, and how reading dropped
// files goes on. While paused the page keeps what it shows.
import { computed, effect, signal } from '@preact/signals';
import type { DataEvent, Job, Jobs } from '../api/changes';
import { get, send, url } from '../api/client';
import { again, meta, retry, say } from '../state';

export const paused = signal(false);
/** news: there is new data that is not shown yet. */
export const news = signal(false);
export const jobs = signal<Job[]>([]);
export const over = (j: Job): boolean => j.state === 'done' || j.state === 'failed' || j.state === 'stopped';

const hidden = signal(document.hidden);
document.addEventListener('visibilitychange', () => {
  hidden.value = document.hidden;
});

/** A browser has six connections to a host, so a hidden page lets go of its own. */
const listening = computed(() => {
  const m = meta.value.data;
  return Boolean(m?.live || m?.drop) && !hidden.value;
});

let mark: string | undefined;
export function heard(next: string): void {
  mark ??= meta.value.data?.mark;
  if (next === mark) return;
  mark = next;
  if (paused.value) news.value = true;
  else retry();
}

export function put(job: Job): void {
  const known = jobs.value.some((j) => j.id === job.id);
  jobs.value = known ? jobs.value.map((j) => (j.id === job.id ? job : j)) : [...jobs.value, job];
}
export const forget = (id: string): void => {
  jobs.value = jobs.value.filter((j) => j.id !== id);
};
export const callOff = (id: string): Promise<void> =>
  send<Job>('DELETE', `ingest/${id}`).then(put, (e: Error) => say(e.message));

effect(() => {
  if (!listening.value) return;
  const stream = new EventSource(url('stream'));
  const on = <T>(event: string, act: (data: T) => void) =>
    stream.addEventListener(event, (e) => act(JSON.parse((e as MessageEvent<string>).data)));
  on<DataEvent>('data', (d) => heard(d.mark));
  on<Job>('ingest', put);
  // What ended while nobody listened is told by asking.
  stream.addEventListener('open', () => {
    if (jobs.value.every(over)) return;
    get<Jobs>('ingest').then(
      (list) => {
        for (const j of list.jobs) if (jobs.value.some((k) => k.id === j.id)) put(j);
      },
      () => {}, // The stream tells the next change.
    );
  });
  return () => stream.close();
});

export function togglePause(): void {
  paused.value = !paused.value;
  if (!paused.value && news.value) retry();
  news.value = false;
}

// A server that went away is asked again until it answers.
effect(() => {
  void again.value;
  if (meta.value.error?.status !== 0) return;
  const timer = setTimeout(retry, 5000);
  return () => clearTimeout(timer);
});
