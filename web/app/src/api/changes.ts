// What changes something, and how the page hears of changes.
import type { Range } from './words';

// ---------------------------------------------------------------- changes
// POST, PUT and DELETE are answered to this page only: the browser's Origin or
// Sec-Fetch-Site must say so (fetch sends them by itself). JSON bodies need
// `Content-Type: application/json`.

// ---------------------------------------------------------------- /views
// GET /views, PUT /views/{name} with {"query": "v=1&level=host"}, DELETE
// /views/{name}: each answers Views as they are now, by name. The name is one
// path segment, percent-encoded. 404 with code "temporary" (the lake goes away
// at the end) or "read_only" where nothing can be saved (meta.views is false).
// 400 code "usage": a name of more than 100 characters or none, a query of more
// than 8 KiB; 409 code "full": 200 views are there.

export interface SavedView {
  name: string;
  query: string; // of the URL, without "?"
  saved: string; // RFC 3339
}

export interface Views {
  views: SavedView[];
}

// ---------------------------------------------------------------- /ingest
// POST /ingest, multipart/form-data: a part "file" for each file, whose
// filename is its relative path ("AWSLogs/…/x.log.gz": a dropped folder keeps
// its layout). 202 with the Job; 413 code "too_large", 400 "name" (.. or an
// absolute path), 404 "no_drop" where meta.drop is false.
// POST /ingest/demo: the simulated company, 202 with the Job.
// GET /ingest: {"jobs": Job[]}, the newest first; GET /ingest/{id}: Job, also
// after a reload; DELETE /ingest/{id} calls it off.
// One job runs at a time. What changes is told by /stream.

export interface Job {
  id: string;
  name: string; // "AWSLogs", "3 files", "demo"
  /** merging: the records are read and committed, the map is being brought up to date. */
  state: 'queued' | 'reading' | 'merging' | 'done' | 'failed' | 'stopped';
  objects: number; // files that hold something new, as far as they are listed
  done: number; // of these, read
  bytes: number; // of these objects, as stored
  doneBytes: number;
  records: number;
  skipped: number; // files that the lake has already
  failed: number; // files that could not be read
  empty: number; // files that held no record
  bad: Record<string, number>; // lines by kind: syntax, columns, range, time …
  /** The first few bad lines and unreadable files. */
  problems?: { file: string; line?: number; kind: string; message: string }[];
  /** Of the records that were read. */
  extent?: Range;
  /** Why it failed, or what it waits for. */
  error?: { code: string; message: string; hint?: string };
}

export interface Jobs {
  jobs: Job[];
}

// ---------------------------------------------------------------- /stream
// GET /stream with EventSource (server-sent events); comments keep it alive.
//   event: data    DataEvent, when the stream opens and when the data changes:
//                  ask again where `mark` is not the last one known.
//   event: ingest  Job, when the stream opens (jobs that are not over) and when
//                  one changes, at most a few times a second.
// It ends when the server does. A browser has six connections to a host, so a
// hidden page should close its stream.

export interface DataEvent {
  mark: string;
  extent: Range | null;
}
