/** Shown in the tab of a run that belongs to another account than the connected one. */

import * as React from 'react';

import { accountKey, accountOf } from '../model/connection';
import { Button, StatePane } from '../ui/components';
import { pictures } from '../ui/icons';
import { useObserved } from '../ui/observe';
import { hostOf, useTranslator } from '../ui/texts';
import type { RunProps } from './context';

export function OtherAccount({ reana, run }: RunProps): React.JSX.Element {
  const trans = useTranslator();
  const { connection } = reana;
  useObserved(connection);
  const [own, connected] = [accountOf(run.account), accountOf(connection.key)];
  const profile = connection.profiles.find(one => accountKey(one.server, one.account) === run.account);
  const text = trans.__(
    'The run belongs to %1 at %2; you are connected as %3 at %4. Connect with that account to view it, or close this tab.',
    own.email,
    hostOf(own.server),
    connected.email,
    hostOf(connected.server)
  );
  return (
    <StatePane picture={pictures.disconnected} title={trans.__('This run belongs to another account')} text={text}>
      {profile ? (
        <Button kind="accept" onClick={() => void connection.useProfile(profile.name).catch(() => connection.load())}>
          {trans.__('Connect as %1', own.email)}
        </Button>
      ) : null}
    </StatePane>
  );
}
