// A button with something that drops from it: a menu or a small form.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { arrows } from '../act/Menu';
import type { Glyph } from '../glyph';
import { Icon } from '../ui';

export function Drop({
  name,
  icon,
  menu,
  children,
}: {
  name: string;
  icon: Glyph;
  menu?: boolean; // what drops is a menu
  children: (close: () => void) => ComponentChildren;
}) {
  const open = useSignal(false);
  const ref = useRef<HTMLDivElement>(null);
  const close = () => {
    open.value = false;
    ref.current?.querySelector('button')?.focus();
  };
  // Before the next key: it may follow the click at once.
  useLayoutEffect(() => {
    if (!open.value) return;
    const away = (e: Event) => {
      if (!ref.current?.contains(e.target as Node)) open.value = false;
    };
    addEventListener('pointerdown', away);
    ref.current?.querySelector<HTMLElement>('.menu-list :is(button, a, input)')?.focus();
    return () => removeEventListener('pointerdown', away);
  }, [open.value]);
  return (
    <div
      class="menu-box"
      ref={ref}
      onKeyDown={(e) => {
        if (!open.value) return;
        if (e.key === 'Escape') {
          e.stopPropagation();
          close();
        } else if (menu) arrows(e, ref.current!);
      }}
    >
      <button
        type="button"
        aria-haspopup={menu ? 'menu' : 'dialog'}
        aria-expanded={open.value}
        aria-label={name}
        title={name}
        onClick={() => (open.value = !open.value)}
      >
        <Icon name={icon} /> <span>{name}</span> <Icon name="chevron-down" size={12} />
      </button>
      {open.value && (
        <div role={menu ? 'menu' : 'dialog'} aria-label={name} class="menu-list">
          {children(close)}
        </div>
      )}
    </div>
  );
}
