/** The only module that sends HTTP requests to the back end; turns error responses into `ReanaError`. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Binding } from './binding';
import { isObject, text } from './read';
import { ReanaError, Aborted } from './errors';

export interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request to a route of the back end; resolves to the parsed JSON. */
export type Send = (route: string, ask?: RequestOptions) => Promise<unknown>;

const PREFIX = 'reana_jupyterlab';

export function queryString(query: RequestOptions['query'] = {}): string {
  const pairs = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === '') {
      continue;
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      pairs.append(key, String(one));
    }
  }
  const spelled = pairs.toString();
  return spelled ? `?${spelled}` : '';
}

/** The URL of a route; path segments are encoded, slashes stay. */
export function address(settings: ServerConnection.ISettings, route: string, query?: RequestOptions['query']): string {
  return URLExt.join(settings.baseUrl, PREFIX, route) + queryString(query);
}

export function createSend(settings: ServerConnection.ISettings, binding: Binding): Send {
  return async (route, ask = {}) => {
    const init: RequestInit = { method: ask.method ?? 'GET', cache: 'no-store', headers: binding.headers };
    if (ask.signal) {
      init.signal = ask.signal;
    }
    if (ask.body !== undefined) {
      init.body = JSON.stringify(ask.body);
    }
    const response = await fetchResponse(address(settings, route, ask.query), init, settings);
    try {
      return parseResponse(response.status, await response.text());
    } catch (error) {
      binding.notice(error);
      throw error;
    }
  };
}

/** Opens a route with a streamed response. */
export type Open = (route: string, signal: AbortSignal) => Promise<Response>;

export function createOpen(settings: ServerConnection.ISettings, binding: Binding): Open {
  return (route, signal) =>
    fetchResponse(address(settings, route), { cache: 'no-store', signal, headers: binding.headers }, settings);
}

/** Return the response whatever its status. Throws `ReanaError` 0 if the server does not respond. */
export async function fetchResponse(
  url: string,
  init: RequestInit,
  settings: ServerConnection.ISettings
): Promise<Response> {
  try {
    return await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    // JupyterLab wraps every failure, even an abort, in a NetworkError.
    if (init.signal?.aborted) {
      throw new Aborted();
    }
    throw new ReanaError(0, '', String(error));
  }
}

/** Parse a response; error responses and bodies that are not JSON throw `ReanaError`. */
export function parseResponse(status: number, body: string): unknown {
  const said = parse(body);
  if (status >= 400) {
    throw new ReanaError(status, text(said, 'message'), body.slice(0, 2000), said);
  }
  if (said === undefined) {
    throw new ReanaError(502, '', body.slice(0, 2000));
  }
  if (isObject(said) && said.status === 'error' && !('problems' in said)) {
    throw new ReanaError(status, text(said, 'message'), body.slice(0, 2000), said);
  }
  return said;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
