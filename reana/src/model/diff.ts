/** Line diff of two texts. */

interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
  /** Line number in its text, from 1. */
  readonly before: number | null;
  readonly after: number | null;
}

/** Cells of the table, 16 MB. Larger changes are shown as one replaced block. */
const MAX_TABLE_CELLS = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const old = split(before);
  const now = split(after);
  // Equal lines at both ends stay out of the table, whose size is the product of both lengths.
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) {
    head += 1;
  }
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) {
    tail += 1;
  }
  const middle = diffMiddle(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  return number([...old.slice(0, head).map(same), ...middle, ...old.slice(old.length - tail).map(same)]);
}

type Bare = Pick<DiffLine, 'kind' | 'text'>;

const same = (text: string): Bare => ({ kind: 'same', text });
const removed = (text: string): Bare => ({ kind: 'removed', text });
const added = (text: string): Bare => ({ kind: 'added', text });

function split(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** Diff by the longest common subsequence. */
function diffMiddle(old: readonly string[], now: readonly string[]): Bare[] {
  if (old.length * now.length > MAX_TABLE_CELLS) {
    return [...old.map(removed), ...now.map(added)];
  }
  const common = commonLengths(old, now);
  const width = now.length + 1;
  const lines: Bare[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      lines.push(same(old[i] ?? ''));
      i += 1;
      j += 1;
    } else if ((common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0)) {
      // In a tie, removed lines come first, as in a unified diff.
      lines.push(removed(old[i++] ?? ''));
    } else {
      lines.push(added(now[j++] ?? ''));
    }
  }
  return [...lines, ...old.slice(i).map(removed), ...now.slice(j).map(added)];
}

/** At [i, j]: length of the common subsequence of the lines from i and from j on. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint32Array {
  const width = now.length + 1;
  const table = new Uint32Array((old.length + 1) * width);
  // Filled from the end, so that the lines can be read from the start.
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      table[i * width + j] =
        old[i] === now[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
    }
  }
  return table;
}

function number(lines: readonly Bare[]): DiffLine[] {
  let [before, after] = [0, 0];
  return lines.map(line => ({
    ...line,
    before: line.kind === 'added' ? null : ++before,
    after: line.kind === 'removed' ? null : ++after
  }));
}

export interface Hunk {
  /** Number of unchanged lines omitted before it. */
  readonly skipped: number;
  readonly lines: readonly DiffLine[];
}

/** Groups changes with `context` unchanged lines around them; empty if nothing changed. */
export function hunks(lines: readonly DiffLine[], context = 3): Hunk[] {
  const found: { skipped: number; lines: DiffLine[] }[] = [];
  let last = -1;
  lines.forEach((line, index) => {
    const near = lines.slice(Math.max(0, index - context), index + context + 1).some(one => one.kind !== 'same');
    if (!near) {
      return;
    }
    const current = found.at(-1);
    if (current && last === index - 1) {
      current.lines.push(line);
    } else {
      found.push({ skipped: index - last - 1, lines: [line] });
    }
    last = index;
  });
  return found;
}
