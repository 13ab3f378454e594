/** The translator, and the words for what REANA says, for every component below. */

import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ReanaError } from '../api/errors';
import type { Status } from '../api/values';

export const DOMAIN = 'reana_jupyterlab';

export const Words = React.createContext<TranslationBundle>(nullTranslator.load(DOMAIN));

export function useWords(): TranslationBundle {
  return React.useContext(Words);
}

/** The person's language as `Intl` spells it. */
export function language(): string {
  return document.documentElement.lang || 'en';
}

/** The host of a server, as people call it. */
export function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, '');
}

export function statusWord(trans: TranslationBundle, status: Status): string {
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

/** The cause of an error as a sentence; what the server said comes first. */
export function errorSentence(trans: TranslationBundle, error: ReanaError): string {
  if (error.message) {
    return error.message;
  }
  switch (error.status) {
    case 0:
      return trans.__('The Jupyter server does not answer.');
    case 401:
      return trans.__('REANA does not accept these credentials.');
    case 404:
      return trans.__('REANA does not know this.');
    case 502:
      return trans.__('The REANA server cannot be reached, or its answer makes no sense.');
    case 504:
      return trans.__('The REANA server takes too long to answer.');
    default:
      return trans.__('Something went wrong (%1).', String(error.status));
  }
}

/** What a person can do about an error. */
export function errorAdvice(trans: TranslationBundle, error: ReanaError): string {
  switch (error.status) {
    case 0:
      return trans.__('Look whether Jupyter still runs; this page tries again by itself.');
    case 401:
      return trans.__('Connect again with a token that is valid.');
    case 502:
    case 504:
      return trans.__('It is tried again by itself. If it stays, check the address, or ask who runs the server.');
    default:
      return trans.__('Try again. If it stays, tell who runs the server what stands here.');
  }
}
