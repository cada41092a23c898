// The bottom strip: the range in words, its presets, playback, and the brush.
import { useSignal } from '@preact/signals';
import { bucket, dates, span } from '../format';
import { clock, go, meta, moveTime, timeline, times } from '../state';
import { Icon } from '../ui';
import type { Window } from '../view';
import { Brush } from './Brush';
import { news, paused, togglePause } from './live';
import { Notes } from './Notes';
import { play, playing, speed, speeds, stop } from './play';

const presets: [Window, string, string][] = [
  ['1h', '1h', 'last hour'],
  ['6h', '6h', 'last 6 hours'],
  ['24h', '24h', 'last 24 hours'],
  ['7d', '7d', 'last 7 days'],
  ['all', 'all', 'all of the data'],
];

export function Time() {
  const t = times.value;
  const live = useSignal<[number, number] | null>(null);
  const range = live.value ?? t?.range;
  const step = timeline.value.data?.step;
  return (
    <footer class="time" aria-label="Time">
      <div class="time-text">
        {t && range ? (
          <>
            <strong>{span(range[0], range[1])}</strong>
            <p class="muted">
              {dates(range[0], range[1])} UTC{step ? ` · ${bucket(step)} bars` : ''}
            </p>
            <div class="presets" role="group" aria-label="Time range">
              <Arrow dir={-1} />
              {presets.map(([id, text, title]) => (
                <button
                  type="button"
                  key={id}
                  aria-pressed={t.win === id}
                  title={title}
                  onClick={() => go({ win: id, from: '', to: '', end: '' })}
                >
                  {text}
                </button>
              ))}
              <Arrow dir={1} />
            </div>
          </>
        ) : (
          <strong>{meta.value.data && !clock.value ? 'No data yet' : ' '}</strong>
        )}
      </div>
      {t && <Player />}
      <div class="time-main">
        {t && <Brush t={t} live={live.value} setLive={(r) => (live.value = r)} />}
        <Notes />
      </div>
    </footer>
  );
}

const Arrow = ({ dir }: { dir: -1 | 1 }) => {
  const name = dir < 0 ? 'Earlier' : 'Later';
  return (
    <button
      type="button"
      class="square"
      aria-label={name}
      title={`${name} (${dir < 0 ? ',' : '.'})`}
      onClick={() => moveTime(dir)}
    >
      <Icon name={dir < 0 ? 'chevron-left' : 'chevron-right'} size={13} />
    </button>
  );
};

const Player = () => (
  <div class="player" role="group" aria-label="Playback">
    <button
      type="button"
      class="square"
      aria-label={playing.value ? 'Pause playback' : 'Play through time'}
      title={
        playing.value ? 'Pause (P)' : `Play the window, a bar at a time${meta.value.data?.live ? '' : ' (P)'}`
      }
      onClick={() => (playing.value ? stop() : void play())}
    >
      <Icon name={playing.value ? 'player-pause' : 'player-play'} size={14} />
    </button>
    <select
      aria-label="Speed of playback"
      title="Bars a second"
      value={speed.value}
      onChange={(e) => (speed.value = Number(e.currentTarget.value))}
    >
      {speeds.map((s) => (
        <option key={s} value={s}>
          {s}×
        </option>
      ))}
    </select>
    {meta.value.data?.live && (
      <button
        type="button"
        class={news.value ? 'live new' : 'live'}
        aria-pressed={!paused.value}
        title={
          paused.value
            ? `${news.value ? 'There is new data. ' : ''}Show new data as it arrives (P)`
            : 'Keep what is shown (P)'
        }
        onClick={togglePause}
      >
        {paused.value ? (news.value ? 'New data' : 'Paused') : 'Live'}
      </button>
    )}
  </div>
);
