/** The translator context, and texts for statuses and errors. */

import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ReanaError } from '../api/errors';
import type { Status } from '../api/values';

export const DOMAIN = 'reana_jupyterlab';

export const Words = React.createContext<TranslationBundle>(nullTranslator.load(DOMAIN));

export function useTranslator(): TranslationBundle {
  return React.useContext(Words);
}

/** The language of the page as a BCP 47 tag. */
export function language(): string {
  return document.documentElement.lang || 'en';
}

/** The host and path of a server's URL. */
export function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, '');
}

export function statusLabel(trans: TranslationBundle, status: Status): string {
  const words: Readonly<Record<string, string>> = {
    created: trans.__('created'),
    queued: trans.__('queued'),
    pending: trans.__('pending'),
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    stopped: trans.__('stopped'),
    deleted: trans.__('deleted')
  };
  return words[status] ?? status;
}

/** The cause of an error as a sentence; the server's own message has priority. */
export function errorSentence(trans: TranslationBundle, error: ReanaError): string {
  if (error.message) {
    return error.message;
  }
  switch (error.status) {
    case 0:
      return trans.__('The Jupyter server is not responding.');
    case 401:
      return trans.__('REANA rejected these credentials.');
    case 404:
      return trans.__('REANA did not find this.');
    case 502:
      return trans.__('The REANA server is unreachable or sent an invalid response.');
    case 504:
      return trans.__('The REANA server took too long to respond.');
    default:
      return trans.__('Something went wrong (%1).', String(error.status));
  }
}

/** The next step after an error. */
export function errorAdvice(trans: TranslationBundle, error: ReanaError): string {
  switch (error.status) {
    case 0:
      return trans.__('Check that Jupyter is still running. This page retries automatically.');
    case 401:
      return trans.__('Connect again with a valid token.');
    case 502:
    case 504:
      return trans.__(
        'This page retries automatically. If the problem persists, check the address or contact the administrator of the server.'
      );
    default:
      return trans.__('Try again. If the problem persists, send this message to the administrator of the server.');
  }
}
