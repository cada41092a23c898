// The filter box: chips for what holds, a line for what is being typed,
// completion, and the error with a caret under the place that is wrong.
import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { named } from '../act/target';
import { ApiError, get } from '../api/client';
import type { Parsed, Suggestions } from '../api/filter';
import { go, graph, meta, parsed, view } from '../state';
import { Icon } from '../ui';
import { type Choice, contextOf, inked, insert, known } from './completion';

export function Filter() {
  const text = useSignal('');
  const open = useSignal(false);
  const choices = useSignal<Choice[]>([]);
  const active = useSignal(-1);
  const wrong = useSignal<{ error: ApiError; offset: number } | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const ink = useRef<HTMLSpanElement>(null);

  // A filter that is no flat list of clauses is edited as text.
  const chips = parsed.value.data?.chips ?? null;
  useSignalEffect(() => {
    const q = view.value.q;
    const p = parsed.value;
    if (!q) {
      wrong.value = null;
      text.value = '';
      return;
    }
    if (p.error) {
      text.value = q;
      wrong.value = { error: p.error, offset: 0 };
    } else if (p.data) {
      text.value = p.data.chips ? '' : p.data.text;
      wrong.value = null;
    }
  });

  const before = () => (chips?.length ? `${chips.map((c) => c.text).join(' and ')} and ` : '');
  const commit = async () => {
    const typed = text.value.trim();
    open.value = false;
    if (!typed) {
      if (!chips && view.value.q) go({ q: '' });
      return;
    }
    const head = before();
    try {
      const ok = await get<Parsed>('parse', { q: head + typed });
      wrong.value = null;
      text.value = '';
      if (ok.text === view.value.q && !ok.chips) text.value = ok.text;
      go({ q: ok.text });
    } catch (e) {
      if (e instanceof ApiError) wrong.value = { error: e, offset: [...head].length };
    }
  };

  // What could come next.
  const asked = useRef<AbortController | null>(null);
  const suggest = async () => {
    const el = input.current;
    if (!el) return;
    const fields = meta.value.data?.fields ?? [];
    const c = contextOf(text.value, el.selectionStart ?? text.value.length);
    asked.current?.abort();
    active.value = -1;
    const own = known(c, fields);
    choices.value = own;
    if (c.kind !== 'value' || own.length) return;
    const mine = new AbortController();
    asked.current = mine;
    try {
      const s = await get<Suggestions>(
        'suggest',
        { field: c.field, prefix: c.prefix.replace(/^"/, '') },
        mine.signal,
      );
      choices.value = s.values.map((v) => ({ text: v.text, note: v.note ?? '' }));
    } catch {
      // No completion then; the filter itself still says what is wrong.
    }
  };
  const take = (c: Choice) => {
    const el = input.current!;
    const at = contextOf(text.value, el.selectionStart ?? text.value.length);
    const next = insert(text.value, at, c.text);
    // At once, so that what is typed next lands behind it.
    el.value = next.text;
    el.focus();
    el.setSelectionRange(next.cursor, next.cursor);
    text.value = next.text;
    void suggest();
  };
  const key = (e: KeyboardEvent) => {
    const list = open.value ? choices.value : [];
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      if (!open.value) {
        open.value = true;
        void suggest();
      } else if (list.length)
        active.value = (active.value + (e.key === 'ArrowDown' ? 1 : -1) + list.length) % list.length;
    } else if (e.key === 'Tab' && open.value && list.length && text.value.trim()) {
      e.preventDefault();
      take(list[Math.max(0, active.value)]);
    } else if (e.key === 'Enter') {
      e.preventDefault();
      if (active.value >= 0 && list[active.value] && !e.ctrlKey) take(list[active.value]);
      else void commit();
    } else if (e.key === 'Escape') {
      e.stopPropagation();
      if (open.value) open.value = false;
      else input.current?.blur();
    } else if (e.key === ' ' && e.ctrlKey) {
      e.preventDefault();
      open.value = true;
      void suggest();
    } else if (e.key === 'Backspace' && !text.value && chips?.length) {
      e.preventDefault();
      const last = chips[chips.length - 1];
      go({
        q: chips
          .slice(0, -1)
          .map((c) => c.text)
          .join(' and '),
      });
      requestAnimationFrame(() => {
        text.value = last.text;
      });
    }
  };
  useEffect(() => {
    if (active.value >= 0)
      document.getElementById(`choice-${active.value}`)?.scrollIntoView({ block: 'nearest' });
  });

  const problem =
    wrong.value ??
    (graph.value.error?.pos !== undefined && graph.value.error.pos >= 0
      ? { error: graph.value.error, offset: 0 }
      : null);
  const at = problem ? Math.max(0, problem.error.pos - problem.offset) : 0;
  return (
    <search class="filter">
      <div class={problem ? 'box wrong' : 'box'} onClick={() => input.current?.focus()}>
        <Icon name="search" />
        <div class="chips">
          {chips?.map((c, i) => (
            <span class="chip" key={`${c.text}${i}`} title={c.text}>
              <span>
                {inked(named(c.text)).map(([t, of], k) =>
                  of === 'o' || of === 'k' ? <i key={k}>{t}</i> : t,
                )}
              </span>
              <button
                type="button"
                aria-label={`Remove filter ${c.text}`}
                onClick={(e) => {
                  e.stopPropagation();
                  go({
                    q: chips
                      .filter((_, j) => j !== i)
                      .map((x) => x.text)
                      .join(' and '),
                  });
                }}
              >
                <Icon name="x" size={12} />
              </button>
            </span>
          ))}
          <span class="typed">
            <span class="ink" aria-hidden="true" ref={ink}>
              {inked(text.value).map(([t, of], i) => (
                <i key={i} class={of}>
                  {t}
                </i>
              ))}
            </span>
            <input
              ref={input}
              id="filter"
              type="text"
              role="combobox"
              aria-label="Filter"
              aria-expanded={open.value && choices.value.length > 0}
              aria-controls="choices"
              aria-autocomplete="list"
              aria-activedescendant={active.value >= 0 ? `choice-${active.value}` : undefined}
              aria-invalid={Boolean(problem)}
              aria-describedby={problem ? 'filter-error' : undefined}
              autocomplete="off"
              spellcheck={false}
              placeholder={chips?.length ? 'and …' : 'Filter: server.port = 443 and verdict = denied'}
              value={text.value}
              onInput={(e) => {
                text.value = e.currentTarget.value;
                wrong.value = null;
                open.value = true;
                void suggest();
              }}
              onFocus={() => {
                open.value = true;
                void suggest();
              }}
              onBlur={() => {
                open.value = false;
              }}
              onKeyDown={key}
              onScroll={(e) => ink.current?.scrollTo(e.currentTarget.scrollLeft, 0)}
            />
          </span>
        </div>
        <kbd>/</kbd>
      </div>
      {problem && (
        <div class="wrong-text" id="filter-error" role="alert">
          {problem.error.pos >= 0 && text.value && (
            <pre aria-hidden="true">
              {text.value}
              {'\n'}
              {' '.repeat(at)}
              <b>
                {'^'.repeat(Math.max(1, Math.min(problem.error.len || 1, [...text.value].length - at || 1)))}
              </b>
            </pre>
          )}
          {problem.error.text}
        </div>
      )}
      <ul
        id="choices"
        role="listbox"
        aria-label="Suggestions"
        class={open.value && choices.value.length && !problem ? 'choices' : 'choices none'}
      >
        {choices.value.map((c, i) => (
          <li
            key={c.text}
            id={`choice-${i}`}
            role="option"
            aria-selected={i === active.value}
            onMouseDown={(e) => e.preventDefault()}
            onClick={() => take(c)}
          >
            <code>{c.text}</code>
            <small>{c.note}</small>
          </li>
        ))}
      </ul>
    </search>
  );
}
