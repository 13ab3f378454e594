/** Running downloads and uploads, with progress bars and buttons to cancel. */

import { closeIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Transfer, Transfers } from '../model/transfers';
import { IconButton, Progress } from '../ui/components';
import { useObserved } from '../ui/observe';
import { errorSentence } from '../ui/texts';

interface TransferProps {
  readonly transfers: Transfers;
  readonly trans: TranslationBundle;
}

export function TransferList({ transfers, trans }: TransferProps): React.JSX.Element | null {
  useObserved(transfers);
  if (transfers.shown.length === 0) {
    return null;
  }
  return (
    <ul className="jp-Reana-transfers" aria-label={trans.__('Transfers')}>
      {transfers.shown.map((transfer, index) => (
        <li key={index} data-status={transfer.state}>
          <span>{sentence(transfer, trans)}</span>
          {transfer.state === 'running' ? (
            <Progress value={transfer.share} total={1} label={sentence(transfer, trans)} />
          ) : null}
          <Failures transfer={transfer} trans={trans} />
          <IconButton
            icon={closeIcon}
            label={transfer.state === 'running' ? trans.__('Cancel') : trans.__('Dismiss')}
            onClick={() => (transfer.state === 'running' ? transfer.cancel() : transfers.remove(transfer))}
          />
        </li>
      ))}
    </ul>
  );
}

const MAX_NAMED = 50;

/** The failed files, with reasons. */
function Failures({ transfer: { failed }, trans }: TransferLine): React.JSX.Element | null {
  if (failed.length === 0) {
    return null;
  }
  const left = failed.length - MAX_NAMED;
  return (
    <ul className="jp-Reana-failures" tabIndex={0} aria-label={trans.__('Files that were not downloaded')}>
      {failed.slice(0, MAX_NAMED).map(({ name, message }) => (
        <li key={name}>
          <code>{name}</code> <span className="jp-Reana-dim">{message}</span>
        </li>
      ))}
      {left > 0 ? <li>{trans._n('%1 more file', '%1 more files', left)}</li> : null}
    </ul>
  );
}

interface TransferLine {
  readonly transfer: Transfer;
  readonly trans: TranslationBundle;
}

function sentence({ kind, amounts, error, failed }: Transfer, trans: TranslationBundle): string {
  const down = kind === 'download';
  if (error) {
    return `${down ? trans.__('The download failed.') : trans.__('The upload failed.')} ${errorSentence(trans, error)}`;
  }
  if (failed.length > 0) {
    return trans._n('%1 file could not be downloaded:', '%1 files could not be downloaded:', failed.length);
  }
  const { current, filesDone, filesTotal } = amounts;
  if (filesTotal < 1) {
    return down ? trans.__('Preparing the download…') : trans.__('Preparing the upload…');
  }
  const count = [String(Math.min(filesDone + 1, filesTotal)), String(filesTotal), current] as const;
  return down ? trans.__('Downloading %1 of %2: %3', ...count) : trans.__('Uploading %1 of %2: %3', ...count);
}
