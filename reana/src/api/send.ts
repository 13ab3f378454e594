/** The one place that speaks HTTP with the back end, and that turns its refusals into errors with a sentence for a person. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Binding } from './binding';
import { isObject, text } from './read';
import { ReanaError, Abandoned } from './errors';

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Asks a route of the back end; answers what its JSON says. */
export type Send = (route: string, ask?: Ask) => Promise<unknown>;

const PREFIX = 'reana_jupyterlab';

export function queryString(query: Ask['query'] = {}): string {
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

/** The address of a route: every part of a path is encoded, its slashes stay. */
export function address(settings: ServerConnection.ISettings, route: string, query?: Ask['query']): string {
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
    const response = await reach(address(settings, route, ask.query), init, settings);
    try {
      return understand(response.status, await response.text());
    } catch (error) {
      binding.notice(error);
      throw error;
    }
  };
}

/** Opens a route whose answer comes piece by piece. */
export type Open = (route: string, signal: AbortSignal) => Promise<Response>;

export function createOpen(settings: ServerConnection.ISettings, binding: Binding): Open {
  return (route, signal) =>
    reach(address(settings, route), { cache: 'no-store', signal, headers: binding.headers }, settings);
}

/** The answer, whatever its status. Refuses with `ReanaError` 0 when nobody answers. */
export async function reach(url: string, init: RequestInit, settings: ServerConnection.ISettings): Promise<Response> {
  try {
    return await ServerConnection.makeRequest(url, init, settings);
  } catch (error) {
    if (init.signal?.aborted) {
      throw new Abandoned();
    }
    throw new ReanaError(0, '', String(error));
  }
}

/** What an answer says; an answer that is not JSON or that is a refusal becomes an error. */
export function understand(status: number, body: string): unknown {
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
