// Colours of the map. The page's own are in style.css; both follow one choice.
import type { Provider, Verdict } from '../api/words';

export interface Theme {
  dark: boolean;
  back: string;
  dots: string;
  card: string;
  cardLine: string;
  cardShade: string;
  text: string;
  muted: string;
  halo: string;
  accent: string;
  denied: string;
  dropped: string;
  badge: string;
  badgeText: string;
  unknown: string;
  label: string;
  labelText: string;
  provider: Record<Provider, string>;
  /** Text in the provider's colour, dark or light enough to read. */
  ink: Record<Provider, string>;
  glyph: string;
}

export const light: Theme = {
  dark: false,
  back: '#f7f8fc',
  dots: '#dfe3ee',
  card: '#ffffff',
  cardLine: '#dde2ec',
  cardShade: 'rgba(15, 23, 42, 0.07)',
  text: '#111827',
  muted: '#5b6679',
  halo: 'rgba(255, 255, 255, 0.82)',
  accent: '#4f46e5',
  denied: '#dc2a30',
  dropped: '#9333ea',
  badge: '#fde8e8',
  badgeText: '#c81e24',
  unknown: '#8b97ab',
  label: '#0f172a',
  labelText: '#ffffff',
  provider: { aws: '#e07b00', gcp: '#2f6fe0', azure: '#0091ad', '': '#64748b' },
  ink: { aws: '#a85700', gcp: '#1f5cc9', azure: '#00707f', '': '#526077' },
  glyph: '#ffffff',
};

export const dark: Theme = {
  dark: true,
  back: '#0b0f18',
  dots: '#182030',
  card: '#151b28',
  cardLine: '#283144',
  cardShade: 'rgba(0, 0, 0, 0.35)',
  text: '#eef1f7',
  muted: '#9aa5b8',
  halo: 'rgba(11, 15, 24, 0.8)',
  accent: '#8f8bff',
  denied: '#ff5f63',
  dropped: '#c084fc',
  badge: '#4a1a20',
  badgeText: '#ff9a9c',
  unknown: '#77839a',
  label: '#eef1f7',
  labelText: '#0b0f18',
  provider: { aws: '#ffab40', gcp: '#6ea8ff', azure: '#35c6e0', '': '#94a3b8' },
  ink: { aws: '#ffb85c', gcp: '#8bb9ff', azure: '#5bd3e8', '': '#a9b5c6' },
  glyph: '#10151f',
};

const channels = (hex: string): number[] => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));

/** mix of two #rrggbb colours. */
export const mix = (a: string, b: string, part: number): string => {
  const [x, y] = [channels(a), channels(b)];
  return `#${x
    .map((v, i) =>
      Math.round(v + (y[i] - v) * part)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
};

export const alpha = (hex: string, a: number): string => `rgba(${channels(hex).join(', ')}, ${a})`;

export const verdictColour = (t: Theme, v: Verdict, p: Provider): string =>
  v === 'denied'
    ? t.denied
    : v === 'dropped'
      ? t.dropped
      : v === 'unknown'
        ? mix(t.provider[p], t.unknown, 0.8)
        : t.provider[p];
