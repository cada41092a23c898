// The worker: arranges what the page sends, one job after the other.
import { type Arranged, forceKit, type Job, stripped, tiersJob } from './arrange';

const job = async (j: Job): Promise<Arranged> =>
  j.kind === 'force' ? (await forceKit()).forceJob(j) : tiersJob(j);

/** Of the jobs that wait only the newest is done. */
let next: { id: number; job: Job } | null = null;
let busy = false;

async function work(): Promise<void> {
  busy = true;
  while (next) {
    const { id, job: j } = next;
    next = null;
    try {
      const a = await job(j);
      postMessage({ id, done: { ...a, base: stripped(a.base) } });
    } catch (e) {
      postMessage({ id, error: String(e) });
    }
    // What has arrived meanwhile is taken in first.
    await new Promise((go) => setTimeout(go));
  }
  busy = false;
}

addEventListener('message', (e: MessageEvent<{ id: number; job: Job }>) => {
  next = e.data;
  if (!busy) void work();
});
