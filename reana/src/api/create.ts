/** Check a `reana.yaml`, and make a run out of it. */

import { ReanaError } from './errors';
import { isObject, list, text, whole } from './read';
import { route } from './runs';
import type { Send } from './send';
import type { RemoteTransfer, TransfersApi } from './transfers';
import type { Json, JsonObject, Problem, Validation } from './values';

/** Something that can be set before a run. */
export interface Field {
  readonly name: string;
  /** string, integer, number, boolean, list, object, or step (one of `choices`). */
  readonly kind: string;
  readonly value: Json;
  readonly choices: readonly string[];
}

/** What a form for a new run asks for. */
export interface Form {
  readonly name: string;
  readonly engine: string;
  readonly parameters: readonly Field[];
  readonly options: readonly Field[];
  /** The inputs that are uploaded. */
  readonly files: readonly string[];
  readonly directories: readonly string[];
  /** The container images that the steps name, where the file itself says so. */
  readonly environments: readonly string[];
}

export interface NewRun {
  readonly name: string;
  /** Of the `reana.yaml`, from the Jupyter server's root. */
  readonly path: string;
  readonly parameters: JsonObject;
  readonly options: JsonObject;
}

export class CreateApi {
  constructor(
    private readonly _send: Send,
    private readonly _transfers: TransfersApi
  ) {}

  /** Check the file, or the text that an editor holds for it. */
  async validate(path: string, unsaved?: string, signal?: AbortSignal): Promise<Validation> {
    try {
      return readValidation(
        await this._send('validate', {
          method: 'POST',
          body: { path, ...(unsaved === undefined ? {} : { text: unsaved }) },
          signal
        })
      );
    } catch (error) {
      if (error instanceof ReanaError && isObject(error.answer) && 'problems' in error.answer) {
        return readValidation(error.answer);
      }
      throw error;
    }
  }

  /** What can be set before the run of a `reana.yaml`. */
  async form(path: string, signal?: AbortSignal): Promise<Form> {
    const answer = await this._send('parameters', { query: { path }, signal });
    return {
      name: text(answer, 'name'),
      engine: text(answer, 'engine'),
      parameters: list(answer, 'parameters').map(readField),
      options: list(answer, 'options').map(readField),
      files: list(answer, 'files').map(String),
      directories: list(answer, 'directories').map(String),
      environments: list(answer, 'environments').map(String)
    };
  }

  /** Create, upload the inputs, start; tells how far it is. Answers the id of the new run. */
  async run(wanted: NewRun, signal: AbortSignal, report: (transfer: RemoteTransfer) => void): Promise<string> {
    const answer = await this._send('run', { method: 'POST', body: { ...wanted, background: true }, signal });
    return identity(await this._transfers.watch(answer, signal, report));
  }

  /** Upload the inputs of a run whose making broke off, and start it; tells how far it is. */
  async complete(
    id: string,
    { path, parameters, options }: NewRun,
    signal: AbortSignal,
    report: (transfer: RemoteTransfer) => void
  ): Promise<void> {
    const body = { path, parameters, options, background: true };
    await this._transfers.watch(
      await this._send(route(id, 'inputs'), { method: 'POST', body, signal }),
      signal,
      report
    );
  }
}

/** Also of the error of a run that was made, and could not be started or filled. */
export function identity(answer: unknown): string {
  return isObject(answer) ? text(answer.workflow, 'id') : '';
}

export function readValidation(answer: unknown): Validation {
  const problems = list(answer, 'problems').map(readProblem);
  const valid = text(answer, 'status') === 'success' && problems.every(({ severity }) => severity !== 'error');
  return { valid, output: text(answer, 'message'), problems };
}

function readProblem(source: unknown): Problem {
  return {
    severity: text(source, 'severity') === 'warning' ? 'warning' : 'error',
    message: text(source, 'message'),
    line: whole(source, 'line'),
    column: whole(source, 'column')
  };
}

function readField(source: unknown): Field {
  return {
    name: text(source, 'name'),
    kind: text(source, 'type'),
    value: isObject(source) ? ((source.default ?? null) as Json) : null,
    choices: list(source, 'choices').map(String)
  };
}
