/** Selects the lines of a log to show: matching ones, and the last of very many. */

interface LogLine {
  /** Line number in the whole log, from 1. */
  readonly number: number;
  readonly text: string;
}

export interface LogPart {
  readonly lines: readonly LogLine[];
  readonly matches: number;
  /** Number of earlier lines omitted. */
  readonly left: number;
}

const MAX_LINES = 5000;

// Remove colours and cursor movements of a terminal.
// eslint-disable-next-line no-control-regex -- escape sequences begin with such a character
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]/g;

export function logPart(log: string, search: string, most = MAX_LINES): LogPart {
  const lines = log
    .replace(ESCAPES, '')
    // A final line break would add an empty line.
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
  const wanted = search.toLowerCase();
  const numbered = log === '' ? [] : lines.map((text, index) => ({ number: index + 1, text: lastShown(text) }));
  const matching = wanted ? numbered.filter(line => line.text.toLowerCase().includes(wanted)) : numbered;
  const left = Math.max(0, matching.length - most);
  return { lines: matching.slice(left), matches: matching.length, left };
}

/** A progress bar overwrites its line: show the final text. */
function lastShown(text: string): string {
  return text.slice(text.lastIndexOf('\r') + 1);
}
