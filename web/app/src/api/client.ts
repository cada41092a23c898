// How the server is asked, and what an answer becomes.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = '',
    readonly pos = -1,
    readonly len = 0,
  ) {
    super(message);
  }
  /** What is wrong, and what to do. */
  get text(): string {
    return [this.message, this.hint].filter(Boolean).join('; ');
  }
}

export type Params = Record<string, string | number | undefined>;

/** What a server that cannot be reached is called. */
const away = 'The Periplus server does not answer. Is it still running?';

export const url = (path: string, params: Params = {}): string => {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== '') q.set(k, String(v));
  const s = q.toString();
  return `./api/v1/${path}${s ? `?${s}` : ''}`;
};

export const get = <T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> =>
  ask<T>(url(path, params), { signal, headers: { Accept: 'application/json' } });

/** send changes something: a body that is no form goes as JSON. */
export const send = <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> =>
  ask<T>(
    url(path),
    body === undefined || body instanceof FormData
      ? { method, body }
      : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } },
  );

async function ask<T>(address: string, how: RequestInit): Promise<T> {
  let res: Response;
  try {
    res = await fetch(address, how);
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(0, 'unreachable', away);
  }
  const text = await res.text();
  if (res.ok) return parse<T>(text);
  throw problem(res.status, text);
}

/** problem reads the error envelope, or says what came instead of one. */
export function problem(status: number, text: string): ApiError {
  try {
    const e = JSON.parse(text).error;
    return new ApiError(status, e.code ?? 'error', e.message ?? 'unknown error', e.hint, e.pos, e.len);
  } catch {
    return new ApiError(status, 'error', text.trim().slice(0, 200) || `The server answered ${status}.`);
  }
}

// The keys whose values are counts. Their strings of digits (above 2^53) become
// numbers: the page shows three digits of them.
const counters = new Set(
  (
    'b p r o in out bytes packets records opened denied dropped unknown unanswered endpoints count total ' +
    'requestBytes responseBytes requestPackets responsePackets'
  ).split(' '),
);
const digits = /^\d{1,39}$/;
const long = /"\d{16,39}"/;
const plain = (v: unknown): unknown => (typeof v === 'string' && digits.test(v) ? Number(v) : v);

export function parse<T>(text: string): T {
  if (!long.test(text)) return JSON.parse(text) as T;
  return JSON.parse(text, (k, v) => {
    if (!counters.has(k)) return v;
    return Array.isArray(v) ? v.map(plain) : plain(v);
  }) as T;
}
