/** Timeline, failures and results of a run's steps. */

import {
  isMoving,
  type Job,
  type JsonObject,
  type Logs,
  type Run,
  type Status,
  type WorkspaceFile
} from '../api/values';
import { list, object, text } from '../api/read';
import { duration, instant } from './time';

interface Bar {
  readonly job: Job;
  /** Between 0 and 1, from the start of the first step to the end of the last. */
  readonly from: number;
  readonly width: number;
  readonly took: number | null;
}

export function timeline(jobs: readonly Job[], now: number): Bar[] {
  const spans = jobs.map(job => {
    const took = duration({ ...job, stoppedAt: null }, isMoving(job.status), now);
    return { job, start: instant(job.startedAt), took };
  });
  const starts = spans.flatMap(({ start }) => (start === null ? [] : [start]));
  // Without any start this is Infinity, but then no bar uses it.
  const first = Math.min(...starts);
  const last = Math.max(...spans.flatMap(({ start, took }) => (start === null ? [] : [start + (took ?? 0)])));
  // Prevents a division by zero.
  const integer = Math.max(1, last - first);
  return spans.map(({ job, start, took }) => ({
    job,
    took,
    from: start === null ? 0 : (start - first) / integer,
    width: start === null ? 0 : (took ?? 0) / integer
  }));
}

/** The step that failed the run: the last failed one. */
export function failedStep(logs: Logs | null): Job | null {
  return logs?.jobs.filter(job => job.status === 'failed').at(-1) ?? null;
}

/** True if the run failed without a failed step. */
export function failedInEngine(status: Status, logs: Logs | null): boolean {
  return status === 'failed' && logs !== null && failedStep(logs) === null;
}

/** The last lines of the engine's log, with its final report. */
export function engineReason(logs: Logs, lines: number): string {
  const last = logs.engine.trimEnd().split('\n').slice(-lines).join('\n');
  return [last, logs.report.trim()].filter(Boolean).join('\n');
}

/** The step to show first: the failed, else the running, else the last one; null: the engine. */
export function interestingStep(logs: Logs, status: Status): Job | null {
  if (failedInEngine(status, logs)) {
    return null;
  }
  return failedStep(logs) ?? logs.jobs.find(job => job.status === 'running') ?? logs.jobs.at(-1) ?? null;
}

/** Existing files that the specification names as results, directly or by folder. */
export function results(specification: JsonObject, files: readonly WorkspaceFile[]): WorkspaceFile[] {
  const outputs = object(specification, 'outputs');
  const named = new Set(strings(outputs, 'files'));
  const folders = strings(outputs, 'directories').map(folder => `${folder.replace(/\/+$/, '')}/`);
  return files.filter(({ name }) => named.has(name) || folders.some(folder => name.startsWith(folder)));
}

function strings(source: JsonObject, key: string): string[] {
  return list(source, key).filter((one): one is string => typeof one === 'string');
}

/** The engine that runs the specification: serial, cwl, snakemake, yadage. */
export function engine(specification: JsonObject): string {
  return text(object(specification, 'workflow'), 'type');
}

/** Progress of a run in commands; a finished run has done all. */
export function progress(run: Run): { done: number; total: number } {
  const total = Math.max(run.totalJobs, run.finishedJobs);
  return { done: run.status === 'finished' ? total : run.finishedJobs, total };
}
