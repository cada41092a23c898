// Files that the user gives to the page, by dropping them on it or by picking
// them. They go in one form, each under its path, and the server reads them.
import { signal } from '@preact/signals';
import type { Job } from '../api/changes';
import { problem, send, url } from '../api/client';
import { bytes } from '../format';
import { meta, say } from '../state';
import { put } from '../time/live';

export interface Given {
  path: string;
  file: File;
}

/** sending is an upload that runs; null: none does. */
export const sending = signal<{ files: number; sent: number; total: number; stop: () => void } | null>(null);

/** refusal is why files cannot be sent; '' where they can. */
function refusal(list: Given[], total: number): string {
  const m = meta.value.data;
  if (!m?.drop) return 'This server takes no files: give them to periplus map';
  if (!list.length) return 'There was no file in it';
  if (m.dropLimit && total > m.dropLimit)
    return `That is ${bytes(total)}; ${bytes(m.dropLimit)} can be sent at once: give them to periplus map`;
  return sending.value ? 'Files are being sent; drop these when that has ended' : '';
}

/** upload sends files with their progress, which fetch does not tell. */
export function upload(list: Given[]): void {
  const total = list.reduce((n, g) => n + g.file.size, 0);
  const no = refusal(list, total);
  if (no) {
    say(no);
    return;
  }
  const form = new FormData();
  for (const g of list) form.append('file', g.file, g.path);
  const x = new XMLHttpRequest();
  const state = { files: list.length, sent: 0, total, stop: () => x.abort() };
  sending.value = state;
  x.upload.onprogress = (e) => {
    sending.value = { ...state, sent: Math.min(e.loaded, total) };
  };
  x.onloadend = () => {
    sending.value = null;
    if (x.status >= 200 && x.status < 300) put(JSON.parse(x.responseText) as Job);
    else say(x.status ? problem(x.status, x.responseText).message : 'The files were not sent');
  };
  x.open('POST', url('ingest'));
  x.send(form);
}

export const demo = (): Promise<void> =>
  send<Job>('POST', 'ingest/demo').then(put, (e: Error) => say(e.message));

/** picked is what an <input type="file"> holds; a folder's files have paths. */
export const picked = (input: HTMLInputElement): Given[] =>
  [...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

const asked = <T>(ask: (ok: (v: T) => void, no: (e: unknown) => void) => void) => new Promise<T>(ask);

/** dropped is what was dropped, folders with all that is in them. */
export async function dropped(data: DataTransfer): Promise<Given[]> {
  const out: Given[] = [];
  const walk = async (e: FileSystemEntry): Promise<void> => {
    if (e.isFile) {
      const file = await asked<File>((ok, no) => (e as FileSystemFileEntry).file(ok, no));
      out.push({ path: e.fullPath.slice(1), file });
      return;
    }
    const reader = (e as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // It answers a part of the entries at a time, and none at the end.
      const some = await asked<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
      if (!some.length) return;
      for (const x of some) await walk(x);
    }
  };
  // Entries must be taken at once: they are gone after the first wait.
  const list = [...data.items].map((i) => i.webkitGetAsEntry() ?? i.getAsFile());
  for (const e of list)
    if (e instanceof File) out.push({ path: e.name, file: e });
    else if (e) await walk(e);
  return out;
}

/** dragging is true while files hang over the page. */
export const dragging = signal(false);

const hasFiles = (e: DragEvent): boolean =>
  Boolean(meta.value.data?.drop && e.dataTransfer?.types.includes('Files'));
let leave = 0;
addEventListener('dragover', (e) => {
  if (!hasFiles(e)) return;
  e.preventDefault();
  dragging.value = true;
  clearTimeout(leave);
});
addEventListener('dragleave', () => {
  // It comes for every element that is crossed, too.
  leave = window.setTimeout(() => {
    dragging.value = false;
  }, 80);
});
addEventListener('drop', (e) => {
  dragging.value = false;
  if (!hasFiles(e)) return;
  e.preventDefault();
  dropped(e.dataTransfer!).then(upload, (x: Error) => say(`The files could not be read: ${x.message}`));
});
