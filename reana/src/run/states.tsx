/** Loading and error states of a loaded value. */

import * as React from 'react';

import { ReanaError } from '../api/errors';
import type { Loadable } from '../model/loadable';
import { Button, Skeleton, StatePane } from '../ui/components';
import { pictures } from '../ui/icons';
import { errorAdvice, errorSentence, useTranslator } from '../ui/texts';

export function LoadFailure({ error, again }: { error: ReanaError; again: () => void }): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane urgent picture={pictures.failed} title={errorSentence(trans, error)} text={errorAdvice(trans, error)}>
      <Button onClick={again}>{trans.__('Try again')}</Button>
    </StatePane>
  );
}

interface LoadedProps<T> {
  readonly part: Loadable<T>;
  readonly show: (value: T) => React.JSX.Element;
}

/** Shows the value, or its loading or error state. */
export function Loaded<T>({ part, show }: LoadedProps<T>): React.JSX.Element {
  const trans = useTranslator();
  if (part.value !== null) {
    return show(part.value);
  }
  return part.error ? (
    <LoadFailure error={part.error} again={() => void part.load().catch(() => undefined)} />
  ) : (
    <Skeleton rows={4} label={trans.__('Loading')} />
  );
}
