/** Lists of runs, one run, and what can be done with it. */

import { entries, isObject, list, object, text, time, truth, whole } from './read';
import { readEvents, type ServerEvent } from './events';
import type { Open, Send } from './send';
import { isMoving, STATUSES } from './values';
import type { FileChange, FileChanges, Job, JsonObject, Logs, Page, Run, Share, Specification } from './values';

export interface RunQuery {
  readonly page: number;
  readonly size: number;
  readonly search: string;
  readonly sort: 'asc' | 'desc';
  /** None: every known one but `deleted`; REANA can be asked for statuses, and not for all but one. */
  readonly status: readonly string[];
  /** Runs of others that they share with the person: of one address, or of `anybody`. */
  readonly sharedBy?: string;
}

/** As a status: deleted runs, too. */
export const EVERY_STATUS = 'all';
const THERE = STATUSES.filter(status => status !== 'deleted');
const MOST_LISTED = 1000;

export class RunsApi {
  constructor(
    private readonly _send: Send,
    private readonly _open: Open
  ) {}

  async list({ sharedBy, ...query }: RunQuery, signal?: AbortSignal): Promise<Page<Run>> {
    const status = query.status.length > 0 ? query.status : THERE;
    const answer = await this._send('workflows', { query: { ...query, status, shared_by: sharedBy }, signal });
    const items = list(answer, 'items').map(readRun);
    return {
      items,
      total: whole(answer, 'total', items.length),
      page: whole(answer, 'page', query.page),
      hasNext: truth(answer, 'has_next'),
      hasPrevious: truth(answer, 'has_prev')
    };
  }

  async get(id: string, signal?: AbortSignal): Promise<Run> {
    return readRun(await this._send(route(id), { signal }));
  }

  /** The e-mail address of whose run it is, where the server offers sharing. */
  async owner(id: string, signal?: AbortSignal): Promise<string> {
    const query = { workflow_id_or_name: id, shared: 'true', size: 1 };
    return readRun(list(await this._send('workflows', { query, signal }), 'items')[0]).owner;
  }

  /** The other runs that work in the same workspace: a run, and its restarts. */
  async relatives(run: Run): Promise<readonly Run[]> {
    const found: Run[] = [];
    for (let page = 1; ; page++) {
      const query = { page, size: MOST_LISTED, search: run.name, sort: 'asc', status: [] } as const;
      const { items, hasNext } = await this.list(query);
      found.push(...items.filter(one => one.id !== run.id && sharesWorkspace(one, run)));
      if (!hasNext || items.length === 0) {
        return found;
      }
    }
  }

  /** Which files differ; `first` and `second` are those that only one of the two has. */
  async fileChanges(first: string, second: string, signal?: AbortSignal): Promise<FileChanges> {
    const path = route(first, `diff/${encodeURIComponent(second)}`);
    const answer = await this._send(path, { query: { brief: 'true' }, signal });
    const changes = list(answer, 'changes').map(readChange);
    changes.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { changes, complete: truth(answer, 'complete') };
  }

  async logs(id: string, signal?: AbortSignal): Promise<Logs> {
    return readLogs(await this._send(route(id, 'logs'), { signal }));
  }

  /** Tell what is new of a run and its logs, until it ends, the connection does, or the signal aborts. */
  async follow(id: string, tell: (events: ServerEvent[]) => void, signal: AbortSignal): Promise<void> {
    await readEvents(await this._open(route(id, 'logs/follow'), signal), tell);
  }

  async specification(id: string, signal?: AbortSignal): Promise<Specification> {
    const answer = await this._send(route(id, 'specification'), { signal });
    return { parameters: object(answer, 'parameters'), specification: object(answer, 'specification') };
  }

  async start(id: string): Promise<void> {
    await this._send(route(id, 'start'), { method: 'POST', body: {} });
  }

  async stop(id: string): Promise<void> {
    await this._send(route(id, 'stop'), { method: 'POST', body: {} });
  }

  /** The new run shares the workspace of the old one; answers its id. */
  async restart(id: string, parameters: JsonObject): Promise<string> {
    const answer = await this._send(route(id, 'restart'), { method: 'POST', body: { parameters } });
    return text(isObject(answer) ? answer.workflow : {}, 'id') || id;
  }

  async shares(id: string): Promise<readonly Share[]> {
    const answer = await this._send(route(id, 'share'));
    return list(answer, 'shares').map(one => ({ email: text(one, 'user_email'), until: text(one, 'valid_until') }));
  }

  async share(id: string, email: string): Promise<void> {
    await this._send(route(id, 'share'), { method: 'POST', body: { email } });
  }

  async unshare(id: string, email: string): Promise<void> {
    await this._send(route(id, 'share'), { method: 'DELETE', query: { email } });
  }

  /** The run and the files in its workspace. */
  async remove(id: string): Promise<void> {
    await this._send(route(id), { method: 'DELETE', query: { workspace: 'true' } });
  }
}

/** A restart works in the workspace of the run that it does again: 1.1 and 1.2 in that of 1. */
export function sharesWorkspace(one: Pick<Run, 'name' | 'run'>, other: Pick<Run, 'name' | 'run'>): boolean {
  const number = ({ run }: Pick<Run, 'run'>): string => run.split('.')[0] ?? '';
  return one.name === other.name && number(one) === number(other);
}

/** Of a run, or of what belongs to it. */
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
    finishedJobs: whole(source, 'finishedJobs'),
    totalJobs: whole(source, 'totalJobs'),
    owner: text(source, 'ownerEmail')
  };
}

/** Jobs in the order in which they started; those that wait come last. */
export function readLogs(source: unknown): Logs {
  const jobs = entries(source, 'jobLogs').map(([id, job]) => readJob(id, job));
  const start = (job: Job): string => job.startedAt ?? (isMoving(job.status) ? '9998' : '9999');
  jobs.sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
  const services = entries(source, 'serviceLogs').map(([name, log]) => ({ name, log: String(log) }));
  return { engine: text(source, 'engineLogs'), report: text(source, 'engineSpecific'), services, jobs: numbered(jobs) };
}

function readChange(source: unknown): FileChange {
  const kind = text(source, 'kind');
  return { path: text(source, 'path'), kind: kind === 'first' || kind === 'second' ? kind : 'changed' };
}

/** Each command of a step is a job with the step's name: the second and later ones get a number, to be told apart. */
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
