/** Name and paths of the drive: `REANA:hello.1/results/plot.png`. */

export const driveName = 'REANA';

interface DrivePath {
  /** `hello.1.1`; empty: the list of runs. */
  readonly run: string;
  /** Path in the run's workspace; empty: the workspace itself. */
  readonly file: string;
}

export function drivePath(local: string): DrivePath {
  const path = local.replace(/^\/+|\/+$/g, '');
  const slash = path.indexOf('/');
  return slash < 0 ? { run: path, file: '' } : { run: path.slice(0, slash), file: path.slice(slash + 1) };
}
