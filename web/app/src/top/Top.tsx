import { choices } from '../packs';
import { go, isDark, meta, say, toggleTheme, view } from '../state';
import { Icon } from '../ui';
import { copyLink, Export } from './Export';
import { Filter } from './Filter';
import { Views } from './Views';

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
        <button
          type="button"
          onClick={() => copyLink()}
          aria-label="Copy link"
          title="Copy a link to this view (C)"
        >
          <Icon name="link" /> <span>Copy link</span>
        </button>
        <Export />
        <Icons />
        <Views />
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
