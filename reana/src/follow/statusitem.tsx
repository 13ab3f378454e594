/** Status bar button with the running runs and the disk quota; opens the panel. */

import * as React from 'react';

import { clock, size } from '../model/time';
import type { Quota } from '../api/values';
import type { IReana } from '../tokens';
import { useObserved, View } from '../ui/observe';
import { language, useTranslator } from '../ui/texts';

export class StatusItem extends View {
  constructor(reana: IReana, open: () => void) {
    super(reana.trans, () => <Item reana={reana} open={open} />);
    this.addClass('jp-Reana-statusItem');
  }
}

function Item({ reana, open }: { reana: IReana; open: () => void }): React.JSX.Element {
  const trans = useTranslator();
  const { connection, running } = reana;
  useObserved(connection, running);
  const quota = connection.account?.quota;
  const count = running.count;
  const many = `${String(count)}${running.more ? '+' : ''}`;
  const words = [
    count > 0 ? trans.__('REANA %1 running', many) : trans.__('REANA'),
    ...(quota && quota.disk.limit > 0 ? [amount(quota.disk.used, quota.disk.limit)] : [])
  ];
  return (
    <button type="button" onClick={open} title={quota ? quotaWords(trans, quota) : trans.__('Show REANA runs')}>
      {words.join(' · ')}
    </button>
  );
}

function amount(used: number, limit: number): string {
  return `${size(used, language())} / ${size(limit, language())}`;
}

function quotaWords(trans: ReturnType<typeof useTranslator>, { disk, cpu }: Quota): string {
  const unlimited = trans.__('no limit');
  const disks = disk.limit > 0 ? amount(disk.used, disk.limit) : `${size(disk.used, language())} (${unlimited})`;
  const times = cpu.limit > 0 ? `${clock(cpu.used)} / ${clock(cpu.limit)}` : `${clock(cpu.used)} (${unlimited})`;
  return `${trans.__('Disk: %1', disks)}\n${trans.__('CPU time: %1', times)}`;
}
