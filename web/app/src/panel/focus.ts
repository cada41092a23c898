// Where the keyboard's focus goes when a panel opens and closes.
import { useLayoutEffect } from 'preact/hooks';

// A reload keeps what the browser calls user activation, so the page looks itself.
let used = false;
for (const type of ['pointerdown', 'keydown'])
  addEventListener(
    type,
    () => {
      used = true;
    },
    { capture: true, once: true },
  );

/**
 * opener is the element from which a panel is being opened; null where the page
 * opens it by itself, from a link, or while the user types.
 */
export const opener = (): HTMLElement | null => {
  const el = document.activeElement as HTMLElement | null;
  return used && !el?.matches('input, select') ? el : null;
};

/** giveBack puts the focus where it was, or on what matches where that is gone. */
export function giveBack(to: HTMLElement | null, otherwise: string): void {
  const el = to?.isConnected && to !== document.body ? to : document.querySelector<HTMLElement>(otherwise);
  el?.focus({ preventScroll: true });
}

/** useFocus takes the focus into a panel for as long as it is there. */
export function useFocus(ref: { current: HTMLElement | null }, otherwise: string): void {
  useLayoutEffect(() => {
    const from = opener();
    if (from) ref.current?.focus({ preventScroll: true });
    return () => {
      const mine = ref.current?.parentElement?.contains(document.activeElement);
      if (mine) queueMicrotask(() => giveBack(from, otherwise));
    };
  }, []);
}
