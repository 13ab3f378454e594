/** Durations of runs and steps; formats times and sizes. */

interface Timed {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly stoppedAt?: string | null;
}

/** Milliseconds since 1970; null if invalid. Times without a zone are UTC, as in REANA. */
export function instant(spelled: string | null | undefined): number | null {
  if (!spelled) {
    return null;
  }
  // `Date.parse` takes a time without a zone as local time.
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(spelled) ? spelled : `${spelled}Z`;
  const value = Date.parse(zoned);
  return Number.isNaN(value) ? null : value;
}

/** Milliseconds from start to end, or to `now` while active; null before the start. */
export function duration(timed: Timed, moving: boolean, now: number): number | null {
  const start = instant(timed.startedAt);
  if (start === null) {
    return null;
  }
  const end = instant(timed.finishedAt) ?? instant(timed.stoppedAt) ?? (moving ? now : null);
  // The server's clock may be ahead of the browser's.
  return end === null ? null : Math.max(0, end - start);
}

/** A duration as `0:41`, `3:12` or `1:02:03`. */
export function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, '');
}

/** A size in binary units, formatted as in JupyterLab's file browser: `953 B`, `1.2 MiB`. */
export function size(bytes: number, language = 'en'): string {
  if (bytes < 0 || !Number.isFinite(bytes)) {
    return '';
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: 1, useGrouping: false }).format(value)} ${units[unit] ?? ''}`;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000]
];

/** Relative time in a language: `5 minutes ago`. */
export function ago(spelled: string | null, now: number, language = 'en'): string {
  const then = instant(spelled);
  if (then === null) {
    return '';
  }
  const passed = Math.max(0, now - then);
  const [unit, length] = STEPS.find(([, length]) => passed >= length) ?? ['second', 1000];
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  return format.format(-Math.floor(passed / length), unit);
}

/** The exact time in the local time zone. */
export function exact(spelled: string | null, language = 'en'): string {
  const then = instant(spelled);
  return then === null ? '' : new Date(then).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium' });
}
