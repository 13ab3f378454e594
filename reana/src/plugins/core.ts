/** Provides `IReana`: the API client and the state that all other plug-ins show. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ReanaApi } from '../api';
import { belongsToOther, type Run } from '../api/values';
import { Connection } from '../model/connection';
import { Followed } from '../model/followed';
import { Incomplete } from '../model/incomplete';
import { keptQuery, RunList, savedQuery } from '../model/runlist';
import { Running } from '../model/running';
import { RunStore } from '../model/runstore';
import { IReana } from '../tokens';
import { DOMAIN } from '../ui/texts';

const PLUGIN_ID = 'reana-jupyterlab:plugin';
const INTERVAL_S = 10;
const QUERY_KEY = 'reana-jupyterlab:query';
const INCOMPLETE_KEY = 'reana-jupyterlab:incomplete';

const plugin: JupyterFrontEndPlugin<IReana> = {
  id: PLUGIN_ID,
  description: 'The connection to REANA and the state of its runs.',
  autoStart: true,
  provides: IReana,
  optional: [ISettingRegistry, ITranslator, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    state: IStateDB | null
  ): IReana => {
    const api = new ReanaApi(app.serviceManager.serverSettings);
    const store = new RunStore(api.runs);
    const connection = new Connection(api.connection);
    const isMine = (run: Run): boolean => !belongsToOther(run, connection.account?.email ?? '');
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const reana: IReana = {
      api,
      trans,
      connection,
      store,
      runs: new RunList(store, INTERVAL_S * 1000),
      followed: new Followed(store, INTERVAL_S * 1000),
      running: new Running(store, INTERVAL_S * 1000, isMine),
      incomplete: new Incomplete(api.create, store)
    };
    connectParts(reana);
    if (registry) {
      void applySettings(reana, registry);
    }
    if (state) {
      void rememberQuery(reana, state);
      void rememberIncomplete(reana, state);
    }
    // After the layout is restored, so that requests do not delay the start of JupyterLab.
    void app.restored.then(() => reana.connection.load());
    return reana;
  }
};

export default plugin;

function connectParts({ api, store, runs, followed, connection, running }: IReana): void {
  const bind = (): void => {
    api.binding.fingerprint = connection.account?.fingerprint ?? '';
  };
  // Another page may have changed the connection: show the current one.
  api.binding.lost = () => void connection.load();
  connection.switched.connect((_, account) => {
    // Bind first: the requests below need the new fingerprint.
    bind();
    store.clear();
    running.clear();
    runs.ask({ sharedBy: '' });
    runs.clear();
    followed.use(account);
  });
  connection.changed.connect(() => {
    bind();
    running.setActive(connection.state === 'connected');
    // Without sharing the filter is not offered, so the user could not remove it.
    if (runs.query.sharedBy && connection.account?.connected && !connection.account.sharing) {
      runs.ask({ sharedBy: '' });
    }
  });
  runs.changed.connect(() => {
    if (runs.error) {
      connection.lost(runs.error);
    }
  });
}

/** Save the query over a reload. */
async function rememberQuery({ runs }: IReana, state: IStateDB): Promise<void> {
  runs.ask(savedQuery(await state.fetch(QUERY_KEY)));
  let kept = JSON.stringify(keptQuery(runs.query));
  runs.changed.connect(() => {
    // `changed` is also emitted for loaded pages, which need no saving.
    const next = JSON.stringify(keptQuery(runs.query));
    if (next !== kept) {
      kept = next;
      void state.save(QUERY_KEY, keptQuery(runs.query));
    }
  });
}

/** Save incomplete runs over a reload. */
async function rememberIncomplete({ incomplete }: IReana, state: IStateDB): Promise<void> {
  incomplete.restore(await state.fetch(INCOMPLETE_KEY));
  // Saving starts after the restoration: an earlier save would overwrite the stored runs.
  incomplete.changed.connect(() => void state.save(INCOMPLETE_KEY, incomplete.kept));
}

async function applySettings({ runs, followed, running }: IReana, registry: ISettingRegistry): Promise<void> {
  const settings = await registry.load(PLUGIN_ID);
  const apply = (): void => {
    const interval = 1000 * ((settings.get('refreshInterval').composite as number) || INTERVAL_S);
    runs.setInterval(interval);
    followed.setInterval(interval);
    running.setInterval(interval);
    followed.automatic = settings.get('follow').composite !== false;
    runs.ask({ size: (settings.get('pageSize').composite as number) || runs.query.size });
  };
  settings.changed.connect(apply);
  apply();
}
