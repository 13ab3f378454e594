/** Values of the back end's API. */

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

/** An unknown status is kept as it is and shown with a generic icon. */
// The intersection keeps TypeScript from simplifying the union to `string`.
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
  /** E-mail address of the owner; empty: the user's own run, or not reported by the server. */
  readonly owner: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly page: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
}

/** A step as the engine ran it. */
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
  /** The engine's final report, separate from its log. */
  readonly report: string;
  /** Logs of services of the run, such as Dask. */
  readonly services: readonly { readonly name: string; readonly log: string }[];
  readonly jobs: readonly Job[];
}

/** A file in a run's workspace: `name` is its path, `size` its bytes (-1: unknown). */
export interface WorkspaceFile {
  readonly name: string;
  readonly modifiedAt: string | null;
  readonly size: number;
}

/** A file that could not be downloaded, with the reason. */
export interface FailedFile {
  readonly name: string;
  readonly message: string;
}

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Specification {
  /** Parameters that override the defaults of the specification. */
  readonly parameters: JsonObject;
  /** As stored by REANA; keys are never renamed. */
  readonly specification: JsonObject;
}

export interface Amount {
  readonly used: number;
  /** 0: unlimited. */
  readonly limit: number;
}

/** Disk in bytes, CPU time in milliseconds. */
export interface Quota {
  readonly disk: Amount;
  readonly cpu: Amount;
}

/** The connected account and its server. */
export interface Account {
  readonly connected: boolean;
  /** Identifies the connection; empty if there is none. */
  readonly fingerprint: string;
  readonly server: string;
  readonly email: string;
  readonly version: string;
  readonly quota: Quota | null;
  /** True if this REANA supports sharing runs. */
  readonly sharing: boolean;
  /** True if the token can manage secrets. */
  readonly secrets: boolean;
  /** True if steps run in the container images that they name. */
  readonly environments: boolean;
  /** Why connecting failed; empty if it was not tried. */
  readonly message: string;
  /** Source of the credentials: `environment`, `launcher`, or the name of a profile. */
  readonly source: string;
  /** Machine-readable: `unset`, `refused`, `slow`, `unreachable` and others; empty if connected. */
  readonly reason: string;
  /** HTTP status of the failure; 0 if connected. */
  readonly status: number;
}

/** A file that differs between two workspaces; `first` and `second` exist in one only and may be folders. */
export interface FileChange {
  readonly path: string;
  readonly kind: 'changed' | 'first' | 'second';
}

export interface FileChanges {
  readonly changes: readonly FileChange[];
  /** True if the server compared everything. */
  readonly complete: boolean;
}

/** A user who can view a run; `until` is a date, empty: no expiry. */
export interface Share {
  readonly email: string;
  readonly until: string;
}

export interface Profile {
  readonly name: string;
  readonly server: string;
  /** E-mail address of the account; empty if unknown. */
  readonly account: string;
  readonly caFile: string;
  readonly active: boolean;
  /** Set outside the panel: it cannot be removed here. */
  readonly fixed: boolean;
}

type Severity = 'error' | 'warning';

/** Lines and columns count from 1; 0: unknown. */
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

/** The name that reana-client shows: `hello.1.1`. */
export function fullName(run: Pick<Run, 'name' | 'run'>): string {
  return run.run ? `${run.name}.${run.run}` : run.name;
}

const UNFINISHED: readonly string[] = ['created', 'queued', 'pending', 'running'];
const MOVING: readonly string[] = ['queued', 'pending', 'running'];

/** True if a run belongs to another user than the one with this e-mail address. */
export function belongsToOther(run: Run | null, email: string): boolean {
  return run !== null && run.owner !== '' && run.owner !== email;
}

/** True if the status can change without an action of the user. */
export function isMoving(status: Status): boolean {
  return MOVING.includes(status);
}

const ENDED: readonly string[] = ['finished', 'failed', 'stopped'];

/** True if the run has ended and can be restarted. */
export function hasEnded(status: Status): boolean {
  return ENDED.includes(status);
}

/** True if the run has not ended yet. */
export function isUnfinished(status: Status): boolean {
  return UNFINISHED.includes(status);
}
