/** Validates a `reana.yaml` and creates a run from it. */

import { ReanaError } from './errors';
import { isObject, list, text, integer } from './read';
import { route } from './runs';
import type { Send } from './send';
import type { RemoteTransfer, TransfersApi } from './transfers';
import type { Json, JsonObject, Problem, Validation } from './values';

/** A parameter or option that can be set before a run. */
export interface Field {
  readonly name: string;
  /** string, integer, number, boolean, list, object, or step (one of `choices`). */
  readonly kind: string;
  readonly value: Json;
  readonly choices: readonly string[];
}

/** The contents of the form for a new run. */
export interface Form {
  readonly name: string;
  readonly engine: string;
  readonly parameters: readonly Field[];
  readonly options: readonly Field[];
  /** The inputs that are uploaded. */
  readonly files: readonly string[];
  readonly directories: readonly string[];
  /** Container images of the steps, if the file names them itself. */
  readonly environments: readonly string[];
}

export interface NewRun {
  readonly name: string;
  /** Path of the `reana.yaml` below the Jupyter server's root. */
  readonly path: string;
  readonly parameters: JsonObject;
  readonly options: JsonObject;
}

export class CreateApi {
  constructor(
    private readonly _send: Send,
    private readonly _transfers: TransfersApi
  ) {}

  /** Validate the file, or the unsaved text of an editor. */
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
      // An invalid file is a response with status 400 and the list of problems.
      if (error instanceof ReanaError && isObject(error.response) && 'problems' in error.response) {
        return readValidation(error.response);
      }
      throw error;
    }
  }

  /** Return the parameters and options of a `reana.yaml`. */
  async form(path: string, signal?: AbortSignal): Promise<Form> {
    const response = await this._send('parameters', { query: { path }, signal });
    return {
      name: text(response, 'name'),
      engine: text(response, 'engine'),
      parameters: list(response, 'parameters').map(readField),
      options: list(response, 'options').map(readField),
      files: list(response, 'files').map(String),
      directories: list(response, 'directories').map(String),
      environments: list(response, 'environments').map(String)
    };
  }

  /** Create a run, upload its inputs and start it, reporting progress. Returns its identifier. */
  async run(wanted: NewRun, signal: AbortSignal, report: (transfer: RemoteTransfer) => void): Promise<string> {
    const response = await this._send('run', { method: 'POST', body: { ...wanted, background: true }, signal });
    return identity(await this._transfers.watch(response, signal, report));
  }

  /** Upload the inputs of an incomplete run and start it, reporting progress. */
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

/** Works on the error of an incomplete run, too. */
export function identity(response: unknown): string {
  return isObject(response) ? text(response.workflow, 'id') : '';
}

export function readValidation(response: unknown): Validation {
  const problems = list(response, 'problems').map(readProblem);
  const valid = text(response, 'status') === 'success' && problems.every(({ severity }) => severity !== 'error');
  return { valid, output: text(response, 'message'), problems };
}

function readProblem(source: unknown): Problem {
  return {
    severity: text(source, 'severity') === 'warning' ? 'warning' : 'error',
    message: text(source, 'message'),
    line: integer(source, 'line'),
    column: integer(source, 'column')
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
