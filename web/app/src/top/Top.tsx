import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { layout, plainMarks, summary, theme } from '../map/model';
import { svgOf } from '../map/svg';
import { choices } from '../packs';
import { exportURL, go, isDark, meta, say, toggleTheme, view } from '../state';
import { Icon } from '../ui';
import { Filter } from './Filter';

export function Top({ onMenu }: { onMenu: () => void }) {
  return (
    <header class="top">
      <button type="button" class="ghost menu" aria-label="Open the left panel" onClick={onMenu}>
        <Icon name="menu-2" size={18} />
      </button>
      <h1>
        <img src="./icon.svg" alt="" width="24" height="24" />
        <span>Periplus</span>
      </h1>
      <Sources />
      <Filter />
      <div class="tools">
        {meta.value.data?.pseudonyms.on && (
          <span class="chip still">
            <Icon name="lock" size={14} /> Pseudonyms on
          </span>
        )}
        <button type="button" onClick={copyLink} aria-label="Copy link" title="Copy a link to this view (C)">
          <Icon name="link" /> <span>Copy link</span>
        </button>
        <Export />
        <Icons />
        <button
          type="button"
          class="square"
          aria-label={isDark.value ? 'Light theme' : 'Dark theme'}
          title="Theme (Shift D)"
          onClick={toggleTheme}
        >
          <Icon name={isDark.value ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  );
}

/** Icons goes through the glyphs and the packs of official icons. */
function Icons() {
  const list = choices();
  if (list.length < 2) return null;
  const next = list[(list.indexOf(view.value.icons) + 1) % list.length];
  const text = next ? `Official icons: ${next.replaceAll(',', ', ')}` : 'Icons: glyphs';
  return (
    <button
      type="button"
      class="square"
      aria-label={text}
      title={text}
      onClick={() => {
        go({ icons: next });
        say(text);
      }}
    >
      <Icon name="box" />
    </button>
  );
}

function Sources() {
  const m = meta.value.data;
  if (!m) return <span class="sources" />;
  const bad = m.sources.filter((s) => s.state === 'error');
  const n = m.sources.length;
  const text = bad.length
    ? `${bad.length} of ${n} sources failed`
    : `${n} ${n === 1 ? 'source' : 'sources'}${m.live ? ' · live' : ''}`;
  const title = m.sources
    .map((s) => `${s.name}: ${s.message ?? s.state}${s.objects != null ? `, ${s.objects} objects` : ''}`)
    .join('\n');
  return (
    <span class={bad.length ? 'sources bad' : 'sources'} title={title}>
      <i />
      {text}
    </span>
  );
}

export async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    say('Link copied');
  } catch {
    say('The browser does not let the page copy; take the link from the address bar');
  }
}

const titles: Record<string, string> = {
  dot: 'DOT (Graphviz)',
  json: 'JSON',
  csv: 'CSV',
  graphml: 'GraphML',
  mermaid: 'Mermaid',
};

const save = (data: BlobPart, type: string, name: string): void => {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(new Blob([data], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 1000);
};

function saveSVG(): void {
  const l = layout.value;
  if (l)
    save(
      svgOf(plainMarks(), l.size, theme.value.back, `Periplus: ${summary.value}`),
      'image/svg+xml',
      'periplus.svg',
    );
}

function Export() {
  const open = useSignal(false);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open.value) return;
    const away = (e: Event) => {
      if (!ref.current?.contains(e.target as Node)) open.value = false;
    };
    addEventListener('pointerdown', away);
    ref.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    return () => removeEventListener('pointerdown', away);
  }, [open.value]);
  const key = (e: KeyboardEvent) => {
    const list = [...(ref.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const i = list.indexOf(document.activeElement as HTMLElement);
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      list[(i + (e.key === 'ArrowDown' ? 1 : -1) + list.length) % list.length]?.focus();
    } else if (e.key === 'Escape' && open.value) {
      e.stopPropagation();
      open.value = false;
      ref.current?.querySelector('button')?.focus();
    }
  };
  return (
    <div class="menu-box" ref={ref} onKeyDown={key}>
      <button
        type="button"
        aria-haspopup="menu"
        aria-expanded={open.value}
        aria-label="Export"
        onClick={() => (open.value = !open.value)}
      >
        <Icon name="download" /> <span>Export</span> <Icon name="chevron-down" size={12} />
      </button>
      {open.value && (
        <div role="menu" aria-label="Export" class="menu-list">
          <button
            type="button"
            role="menuitem"
            onClick={() => {
              saveSVG();
              open.value = false;
            }}
          >
            SVG picture
          </button>
          {(meta.value.data?.exports ?? []).map((f) => (
            <a
              key={f}
              role="menuitem"
              href={exportURL(f)}
              download={`periplus.${f === 'mermaid' ? 'mmd' : f}`}
              onClick={() => (open.value = false)}
            >
              {titles[f] ?? f}
            </a>
          ))}
        </div>
      )}
    </div>
  );
}
