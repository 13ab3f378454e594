/** Lists runs, reads one run, and acts on it. */

import { entries, isObject, list, object, text, time, flag, integer } from './read';
import { readEvents, type ServerEvent } from './events';
import type { Open, Send } from './send';
import { isMoving, STATUSES } from './values';
import type { FileChange, FileChanges, Job, JsonObject, Logs, Page, Run, Share, Specification } from './values';

export interface RunQuery {
  readonly page: number;
  readonly size: number;
  readonly search: string;
  readonly sort: 'asc' | 'desc';
  /** Empty: every known status but `deleted`. REANA cannot exclude a status, so the others are listed. */
  readonly status: readonly string[];
  /** Runs that other users share with this one: an e-mail address, or `anybody`. */
  readonly sharedBy?: string;
}

/** A status that includes deleted runs. */
export const EVERY_STATUS = 'all';
const NOT_DELETED = STATUSES.filter(status => status !== 'deleted');
const MAX_LISTED = 1000;

export class RunsApi {
  constructor(
    private readonly _send: Send,
    private readonly _open: Open
  ) {}

  async list({ sharedBy, ...query }: RunQuery, signal?: AbortSignal): Promise<Page<Run>> {
    const status = query.status.length > 0 ? query.status : NOT_DELETED;
    const response = await this._send('workflows', { query: { ...query, status, shared_by: sharedBy }, signal });
    const items = list(response, 'items').map(readRun);
    return {
      items,
      total: integer(response, 'total', items.length),
      page: integer(response, 'page', query.page),
      hasNext: flag(response, 'has_next'),
      hasPrevious: flag(response, 'has_prev')
    };
  }

  async get(id: string, signal?: AbortSignal): Promise<Run> {
    return readRun(await this._send(route(id), { signal }));
  }

  /** The e-mail address of the owner, if the server supports sharing. */
  async owner(id: string, signal?: AbortSignal): Promise<string> {
    // The response for a single run does not name its owner.
    const query = { workflow_id_or_name: id, shared: 'true', size: 1 };
    return readRun(list(await this._send('workflows', { query, signal }), 'items')[0]).owner;
  }

  /** Other runs in the same workspace: a run and its restarts share one. */
  async relatives(run: Run): Promise<readonly Run[]> {
    const found: Run[] = [];
    for (let page = 1; ; page++) {
      const query = { page, size: MAX_LISTED, search: run.name, sort: 'asc', status: [] } as const;
      const { items, hasNext } = await this.list(query);
      // The search also finds names that only contain this one.
      found.push(...items.filter(one => one.id !== run.id && sharesWorkspace(one, run)));
      // An empty page ends the loop even if the server reports further ones.
      if (!hasNext || items.length === 0) {
        return found;
      }
    }
  }

  /** The files that differ; `first` and `second` mark files that only one of the two has. */
  async fileChanges(first: string, second: string, signal?: AbortSignal): Promise<FileChanges> {
    const path = route(first, `diff/${encodeURIComponent(second)}`);
    // `brief`: only names are shown, so no contents are transferred.
    const response = await this._send(path, { query: { brief: 'true' }, signal });
    const changes = list(response, 'changes').map(readChange);
    changes.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { changes, complete: flag(response, 'complete') };
  }

  async logs(id: string, signal?: AbortSignal): Promise<Logs> {
    return readLogs(await this._send(route(id, 'logs'), { signal }));
  }

  /** Stream changes of a run and its logs until the run or the connection ends, or the signal aborts. */
  async follow(id: string, onEvents: (events: ServerEvent[]) => void, signal: AbortSignal): Promise<void> {
    await readEvents(await this._open(route(id, 'logs/follow'), signal), onEvents);
  }

  async specification(id: string, signal?: AbortSignal): Promise<Specification> {
    const response = await this._send(route(id, 'specification'), { signal });
    return { parameters: object(response, 'parameters'), specification: object(response, 'specification') };
  }

  async start(id: string): Promise<void> {
    await this._send(route(id, 'start'), { method: 'POST', body: {} });
  }

  async stop(id: string): Promise<void> {
    await this._send(route(id, 'stop'), { method: 'POST', body: {} });
  }

  /** Returns the identifier of the new run, which shares the workspace of the old one. */
  async restart(id: string, parameters: JsonObject): Promise<string> {
    const response = await this._send(route(id, 'restart'), { method: 'POST', body: { parameters } });
    return text(isObject(response) ? response.workflow : {}, 'id') || id;
  }

  async shares(id: string): Promise<readonly Share[]> {
    const response = await this._send(route(id, 'share'));
    return list(response, 'shares').map(one => ({ email: text(one, 'user_email'), until: text(one, 'valid_until') }));
  }

  async share(id: string, email: string): Promise<void> {
    await this._send(route(id, 'share'), { method: 'POST', body: { email } });
  }

  async unshare(id: string, email: string): Promise<void> {
    await this._send(route(id, 'share'), { method: 'DELETE', query: { email } });
  }

  /** Delete the run and the files in its workspace. */
  async remove(id: string): Promise<void> {
    await this._send(route(id), { method: 'DELETE', query: { workspace: 'true' } });
  }
}

/** A restart uses the workspace of its original run: 1.1 and 1.2 use that of 1. */
export function sharesWorkspace(one: Pick<Run, 'name' | 'run'>, other: Pick<Run, 'name' | 'run'>): boolean {
  const number = ({ run }: Pick<Run, 'run'>): string => run.split('.')[0] ?? '';
  return one.name === other.name && number(one) === number(other);
}

/** The route of a run, or of one of its resources. */
export function route(id: string, what = ''): string {
  return `workflows/${encodeURIComponent(id)}${what && `/${what}`}`;
}

export function readRun(source: unknown): Run {
  return {
    id: text(source, 'id'),
    name: text(source, 'name'),
    run: text(source, 'run'),
    status: text(source, 'status'),
    createdAt: time(source, 'createdAt'),
    startedAt: time(source, 'startedAt'),
    finishedAt: time(source, 'finishedAt'),
    stoppedAt: time(source, 'stoppedAt'),
    finishedJobs: integer(source, 'finishedJobs'),
    totalJobs: integer(source, 'totalJobs'),
    owner: text(source, 'ownerEmail')
  };
}

/** Sorts jobs by their start; pending jobs come last. */
export function readLogs(source: unknown): Logs {
  const jobs = entries(source, 'jobLogs').map(([id, job]) => readJob(id, job));
  // ISO times sort as text; these years come last: waiting jobs, then those that never started.
  const start = (job: Job): string => job.startedAt ?? (isMoving(job.status) ? '9998' : '9999');
  jobs.sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
  const services = entries(source, 'serviceLogs').map(([name, log]) => ({ name, log: String(log) }));
  return { engine: text(source, 'engineLogs'), report: text(source, 'engineSpecific'), services, jobs: numbered(jobs) };
}

function readChange(source: unknown): FileChange {
  const kind = text(source, 'kind');
  return { path: text(source, 'path'), kind: kind === 'first' || kind === 'second' ? kind : 'changed' };
}

/** Each command of a step is a job with the step's name; number the second and later ones. */
function numbered(jobs: readonly Job[]): Job[] {
  const seen = new Map<string, number>();
  return jobs.map(job => {
    const place = (seen.get(job.name) ?? 0) + 1;
    seen.set(job.name, place);
    return place > 1 ? { ...job, name: `${job.name} (${place})` } : job;
  });
}

function readJob(id: string, job: unknown): Job {
  return {
    id,
    name: text(job, 'job_name') || id,
    status: text(job, 'status'),
    command: text(job, 'cmd'),
    image: text(job, 'docker_img'),
    backend: text(job, 'compute_backend'),
    log: text(job, 'logs'),
    startedAt: time(job, 'started_at'),
    finishedAt: time(job, 'finished_at')
  };
}
