/** What the back end answers, as the rest of the extension sees it. */

export const STATUSES = [
  'created',
  'queued',
  'pending',
  'running',
  'finished',
  'failed',
  'stopped',
  'deleted'
] as const;

/** A status that this version does not know is kept as it was said, and shown without an icon of its own. */
export type Status = (typeof STATUSES)[number] | (string & Record<never, never>);

/** One run of a workflow; times are ISO 8601 with a zone. */
export interface Run {
  readonly id: string;
  readonly name: string;
  readonly run: string;
  readonly status: Status;
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly stoppedAt: string | null;
  readonly finishedJobs: number;
  readonly totalJobs: number;
  /** The e-mail address of whose run it is; empty: the server does not say, it is the person's own. */
  readonly owner: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly page: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
}

/** A step as its engine ran it. */
export interface Job {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
  readonly command: string;
  readonly image: string;
  readonly backend: string;
  readonly log: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface Logs {
  readonly engine: string;
  /** What the engine reports beside its log. */
  readonly report: string;
  /** Of services that the run used, such as Dask. */
  readonly services: readonly { readonly name: string; readonly log: string }[];
  readonly jobs: readonly Job[];
}

/** A file in a run's workspace: `name` is its path, `size` is in bytes (-1: not known). */
export interface WorkspaceFile {
  readonly name: string;
  readonly modifiedAt: string | null;
  readonly size: number;
}

/** A file that did not come, and why. */
export interface FailedFile {
  readonly name: string;
  readonly message: string;
}

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Specification {
  /** What this run was started with, over the defaults that the specification gives. */
  readonly parameters: JsonObject;
  /** The keys are REANA's and the author's, never renamed. */
  readonly specification: JsonObject;
}

export interface Amount {
  readonly used: number;
  /** 0: without a limit. */
  readonly limit: number;
}

/** Disk in bytes, processor time in milliseconds. */
export interface Quota {
  readonly disk: Amount;
  readonly cpu: Amount;
}

/** Who is connected to what. */
export interface Account {
  readonly connected: boolean;
  /** Tells this connection from every other; empty when there is none. */
  readonly fingerprint: string;
  readonly server: string;
  readonly email: string;
  readonly version: string;
  readonly quota: Quota | null;
  /** Whether this REANA lets others read a run. */
  readonly sharing: boolean;
  /** Whether the token may handle secrets. */
  readonly secrets: boolean;
  /** Whether steps run in the container images that they name. */
  readonly environments: boolean;
  /** Why there is no connection, where one was tried. */
  readonly message: string;
  /** Where the credentials come from: `environment`, `launcher`, or a profile's name. */
  readonly source: string;
  /** In a word: `unset`, `refused`, `slow`, `unreachable` and others; empty when connected. */
  readonly reason: string;
  /** The HTTP status that says why there is no connection; 0 when there is one. */
  readonly status: number;
}

/** A file that differs in the workspaces of two runs, or that only one of them has; a name alone may be a folder's. */
export interface FileChange {
  readonly path: string;
  readonly kind: 'changed' | 'first' | 'second';
}

export interface FileChanges {
  readonly changes: readonly FileChange[];
  /** Whether these are all. */
  readonly complete: boolean;
}

/** Somebody else who may read a run; `until` is a date, empty: for ever. */
export interface Share {
  readonly email: string;
  readonly until: string;
}

export interface Profile {
  readonly name: string;
  readonly server: string;
  /** The e-mail address of its account; empty where it is not known. */
  readonly account: string;
  readonly caFile: string;
  readonly active: boolean;
  /** Given from outside: it cannot be forgotten here. */
  readonly fixed: boolean;
}

export type Severity = 'error' | 'warning';

/** Lines and columns count from 1; 0: not known. */
export interface Problem {
  readonly severity: Severity;
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

export interface Validation {
  readonly valid: boolean;
  readonly output: string;
  readonly problems: readonly Problem[];
}

/** The name a person and REANA's command line use: `hello.1.1`. */
export function fullName(run: Pick<Run, 'name' | 'run'>): string {
  return run.run ? `${run.name}.${run.run}` : run.name;
}

const UNFINISHED: readonly string[] = ['created', 'queued', 'pending', 'running'];
const MOVING: readonly string[] = ['queued', 'pending', 'running'];

/** Whether a run belongs to another user than the one with this e-mail address. */
export function belongsToOther(run: Run | null, email: string): boolean {
  return run !== null && run.owner !== '' && run.owner !== email;
}

/** Whether the status can still change by itself. */
export function isMoving(status: Status): boolean {
  return MOVING.includes(status);
}

const ENDED: readonly string[] = ['finished', 'failed', 'stopped'];

/** Whether the run came to an end, and can be done again. */
export function hasEnded(status: Status): boolean {
  return ENDED.includes(status);
}

/** Whether the run has not come to its end. */
export function isUnfinished(status: Status): boolean {
  return UNFINISHED.includes(status);
}
