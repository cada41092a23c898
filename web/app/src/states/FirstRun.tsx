// First run: there is no data yet, and three ways to some.
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { meta } from '../state';
import { Icon } from '../ui';
import { demo, picked, sending, upload } from './drop';
import { Jobs } from './Jobs';

export function FirstRun() {
  const open = useSignal('');
  const m = meta.value.data;
  const busy = Boolean(sending.value);
  const show = (what: string) => {
    open.value = open.value === what ? '' : what;
  };
  return (
    <div class="card-state first">
      <h2>No flow logs yet</h2>
      <p>
        Flow logs of AWS, Google Cloud and Azure, plain or compressed, any mix of files and folders. They stay
        on this machine.
      </p>
      {m?.drop && (
        <div class="zone">
          <Icon name="download" size={22} />
          <p>Drop files or folders anywhere on this page, or</p>
          <p class="row">
            <Picker text="Open files…" busy={busy} />
            <Picker text="Open a folder…" busy={busy} folder />
          </p>
        </div>
      )}
      <Jobs />
      <p class="row">
        {!m?.drop && (
          <button type="button" aria-expanded={open.value === 'files'} onClick={() => show('files')}>
            Open files…
          </button>
        )}
        <button type="button" aria-expanded={open.value === 'source'} onClick={() => show('source')}>
          Connect source
        </button>
        <button
          type="button"
          aria-expanded={m?.demo ? undefined : open.value === 'demo'}
          onClick={() => (m?.demo ? void demo() : show('demo'))}
        >
          Show demo data
        </button>
      </p>
      {open.value && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <pre tabIndex={0}>{commands[open.value]}</pre>
      )}
    </div>
  );
}

const commands: Record<string, string> = {
  files: 'periplus map ./logs',
  source: `# with your own credentials; --lake keeps what was read
periplus map --lake ./lake --from -24h s3://BUCKET/AWSLogs/
periplus map --lake ./lake --from -24h gs://BUCKET
periplus map --lake ./lake --from -24h \\
  "azblob://CONTAINER?storage_account=ACCOUNT"`,
  demo: 'periplus map --demo',
};

function Picker({ text, folder, busy }: { text: string; folder?: boolean; busy: boolean }) {
  const ref = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={busy} onClick={() => ref.current?.click()}>
        {text}
      </button>
      <input
        ref={(el) => {
          ref.current = el;
          if (el && folder) el.webkitdirectory = true;
        }}
        type="file"
        multiple
        hidden
        onChange={(e) => {
          upload(picked(e.currentTarget));
          e.currentTarget.value = '';
        }}
      />
    </>
  );
}
