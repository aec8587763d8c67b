import { formatMs } from './format.ts';

/** Formats milliseconds, or a dash if there is no value. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  return ms === 0 ? '0 ms' : formatMs(ms);
}

/** Formats a share from 0 to 1: `0 %`, `0.4 %`, `12 %`. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–';
  const percent = share * 100;
  return `${percent === 0 || percent >= 10 ? percent.toFixed(0) : percent < 0.1 ? '< 0.1' : percent.toFixed(1)} %`;
}

/** Formats a count: `950`, `12,400`, `1.3 M`. */
export function formatCount(count: number | null | undefined): string {
  if (count === null || count === undefined) return '–';
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} M` : Math.round(count).toLocaleString('en');
}

/** Formats a rate: `0`, `< 0.1`, `0.4`, `12`. */
export function formatRate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.05) return '< 0.1';
  return perSecond === 0 || perSecond >= 10 ? formatCount(perSecond) : perSecond.toFixed(1);
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** Formats how long ago a time was: `3 min ago`. */
export function formatAgo(time: string | null | undefined, now = Date.now()): string {
  if (time === null || time === undefined) return 'never';
  const ms = now - Date.parse(time);
  const unit = UNITS.find(([, size]) => ms >= size);
  return unit === undefined ? 'just now' : `${Math.floor(ms / unit[1])} ${unit[0]} ago`;
}

/** Formats a time of day in the zone of the reader, with the date unless it is today. */
export function formatDayTime(time: string, now = new Date()): string {
  const date = new Date(time);
  const clock = date.toLocaleTimeString('en-GB');
  return date.toDateString() === now.toDateString()
    ? clock
    : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock}`;
}
