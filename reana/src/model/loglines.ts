/** Which lines of a log are shown: those that match, and of very many the last ones. */

export interface LogLine {
  /** Counted from 1 in the whole log. */
  readonly number: number;
  readonly text: string;
}

export interface LogPart {
  readonly lines: readonly LogLine[];
  readonly matches: number;
  /** How many earlier ones are left out. */
  readonly left: number;
}

const MOST_LINES = 5000;

// Colours and cursor movements of a terminal mean nothing here.
// eslint-disable-next-line no-control-regex -- escape sequences begin with such a character
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function logPart(log: string, search: string, most = MOST_LINES): LogPart {
  const lines = log
    .replace(ESCAPES, '')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  const wanted = search.toLowerCase();
  const numbered = log === '' ? [] : lines.map((text, index) => ({ number: index + 1, text: lastShown(text) }));
  const matching = wanted ? numbered.filter(line => line.text.toLowerCase().includes(wanted)) : numbered;
  const left = Math.max(0, matching.length - most);
  return { lines: matching.slice(left), matches: matching.length, left };
}

/** A progress bar writes over its own line: what stands there in the end counts. */
function lastShown(text: string): string {
  return text.slice(text.lastIndexOf('\r') + 1);
}
