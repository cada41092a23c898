// What the panels of a node and of a path share: the heading, which takes and
// gives back the focus, what can be done, and what is shown while waiting.
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import * as act from '../act/target';
import type { ApiError } from '../api/client';
import type { Glyph } from '../glyph';
import { clearSelection, go, view } from '../state';
import { Icon } from '../ui';
import { giveBack, opener } from './focus';

/** handover: a heading that had the focus is being replaced by another. */
let handover = false;
let back: HTMLElement | null = null;
/** taken is the selection for which the focus was taken: once, not again when the answer is there. */
let taken = '';

export function Head({ children, title }: { children?: ComponentChildren; title: string }) {
  const ref = useRef<HTMLHeadingElement>(null);
  // The panel takes the focus when the user opens it, so that Tab goes on in
  // it, keeps it when "Loading …" gives way to the answer, and gives it back.
  useLayoutEffect(() => {
    const el = ref.current!;
    const from = opener();
    const chosen = `${view.value.sel}\t${view.value.edge}`;
    if (!handover && from !== el) back = from;
    if (handover || (from && taken !== chosen)) el.focus({ preventScroll: true });
    taken = chosen;
    return () => {
      const panel = el.closest('.right');
      handover = Boolean(panel?.contains(document.activeElement));
      queueMicrotask(() => {
        if (handover && !view.value.sel && !view.value.edge) giveBack(back, '#map-list [tabindex="0"]');
        if (!document.querySelector('.details-head')) taken = '';
        handover = false;
      });
    };
  }, [title]);
  return (
    <header class="panel-head details-head">
      {children}
      <h2 tabIndex={-1} ref={ref}>
        {title}
      </h2>
      <button
        type="button"
        class="ghost"
        aria-label="Close details"
        title="Close (Esc)"
        onClick={clearSelection}
      >
        <Icon name="x" />
      </button>
    </header>
  );
}

/** Waiting stands where the answer will, or says why there is none. */
export const Waiting = ({ error, what }: { error: ApiError | null; what: string }) => (
  <>
    <Head title={error ? 'Not here' : 'Loading …'} />
    {error ? (
      <p class="empty" role="alert">
        {error.status === 404 ? `Nothing ${what} in this range and filter.` : error.message}
      </p>
    ) : (
      <Skeleton />
    )}
  </>
);

export const Skeleton = () => (
  <div class="skeleton" aria-hidden="true">
    <i />
    <i />
    <i />
  </div>
);

/** Actions narrows the view to what is selected, or away from it. */
export const Actions = ({ filter, children }: { filter: string; children?: ComponentChildren }) => {
  const button = (text: string, icon: Glyph, run: (t: act.Target) => unknown, title: string) => (
    <button type="button" onClick={() => run(act.chosen()!)} title={title}>
      <Icon name={icon} size={14} /> {text}
    </button>
  );
  return (
    <p class="actions">
      {button('Only this', 'filter', act.filterTo, filter)}
      {button('Exclude', 'minus', act.exclude, `not (${filter}) (X)`)}
      {button('Hide', 'eye-off', act.hide, 'Out of the picture and the totals (H)')}
      {button('Focus', 'focus-2', act.focusOn, 'Only it and its neighbours; again: two hops')}
      {children}
    </p>
  );
};

export const RowsButton = () => (
  <button type="button" class="wide" aria-expanded={view.value.rows} onClick={() => go({ rows: true })}>
    View flow records
  </button>
);
