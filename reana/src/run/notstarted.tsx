/** Notice above a run whose upload or start failed, with a button to complete it. */

import * as React from 'react';

import { Button, Progress } from '../ui/components';
import { useObserved } from '../ui/observe';
import { useTranslator } from '../ui/texts';
import type { RunProps } from './context';

export function NotStarted({ reana, run }: RunProps): React.JSX.Element | null {
  const trans = useTranslator();
  const { incomplete, followed } = reana;
  useObserved(incomplete);
  const broken = incomplete.get(run.id);
  const transfer = incomplete.transfer(run.id);
  const complete = (): void => {
    void incomplete.complete(run.id).then(started => started && followed.runStarted(run.id));
  };
  if (!broken) {
    return null;
  }
  const { current = '', filesDone = 0, filesTotal = 0 } = transfer?.amounts ?? {};
  const label =
    filesTotal > 0
      ? trans.__('Uploading %1 of %2: %3', String(Math.min(filesDone + 1, filesTotal)), String(filesTotal), current)
      : trans.__('Starting…');
  return (
    <section className="jp-Reana-notStarted" aria-label={trans.__('Reason for the failed start')}>
      <p role="alert">{broken.message || trans.__('The run was created, but not started.')}</p>
      {transfer ? (
        <div className="jp-Reana-submit" role="status">
          <span>{label}</span>
          <Progress value={transfer.share} total={1} label={label} />
          <Button onClick={() => transfer.cancel()}>{trans.__('Cancel')}</Button>
        </div>
      ) : (
        <Button kind="accept" onClick={complete}>
          {trans.__('Upload again and start')}
        </Button>
      )}
    </section>
  );
}
