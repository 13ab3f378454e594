/** A part of a run that is on its way, or that did not come. */

import * as React from 'react';

import { ReanaError } from '../api/errors';
import type { Part } from '../model/part';
import { Button, Skeleton, StatePane } from '../ui/bricks';
import { pictures } from '../ui/icons';
import { errorAdvice, errorSentence, useWords } from '../ui/words';

export function PartFailure({ error, again }: { error: ReanaError; again: () => void }): React.JSX.Element {
  const trans = useWords();
  return (
    <StatePane urgent picture={pictures.failed} title={errorSentence(trans, error)} text={errorAdvice(trans, error)}>
      <Button onClick={again}>{trans.__('Try again')}</Button>
    </StatePane>
  );
}

interface LoadedProps<T> {
  readonly part: Part<T>;
  readonly show: (value: T) => React.JSX.Element;
}

/** The part, or the state it is in. */
export function Loaded<T>({ part, show }: LoadedProps<T>): React.JSX.Element {
  const trans = useWords();
  if (part.value !== null) {
    return show(part.value);
  }
  return part.error ? (
    <PartFailure error={part.error} again={() => void part.load().catch(() => undefined)} />
  ) : (
    <Skeleton rows={4} label={trans.__('Loading')} />
  );
}
