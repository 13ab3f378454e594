/** The tab of a run in the main area. */

import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { fullName } from '../api/values';
import { TABS, type Tab } from '../model/openrun';
import { Skeleton } from '../ui/components';
import { reanaIcon } from '../ui/icons';
import { useObserved, View } from '../ui/observe';
import { TabPanel, Tabs } from '../ui/tabs';
import { useTranslator } from '../ui/texts';
import { Compare } from './compare';
import type { RunProps } from './context';
import { Files } from './files';
import { OtherAccount } from './otheraccount';
import { Header } from './header';
import { NotStarted } from './notstarted';
import { LogView } from './logs';
import { Overview } from './overview';
import { SpecificationView } from './specification';
import { LoadFailure } from './states';

/** Polls only while it is visible. */
export class RunWidget extends View {
  constructor(readonly props: RunProps) {
    super(props.reana.trans, () => <RunView {...props} />);
    this.id = `reana-jupyterlab:run:${props.run.id}`;
    this.title.icon = reanaIcon;
    this.title.closable = true;
    this.title.label = props.reana.trans.__('REANA run');
    this.addClass('jp-Reana-runView');
    props.run.changed.connect(this._name, this);
    // Lumino reports hidden widgets, but not a hidden browser tab.
    document.addEventListener('visibilitychange', this._look);
    this.node.addEventListener('focusin', () => (this._hadFocus = true));
    // Without a new target the focus was lost, for example with a removed button.
    this.node.addEventListener('focusout', ({ relatedTarget }) => (this._hadFocus = relatedTarget === null));
  }

  override dispose(): void {
    if (!this.isDisposed) {
      document.removeEventListener('visibilitychange', this._look);
      this.props.run.dispose();
      super.dispose();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.props.run.setActive(false);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._look();
  }

  /** Hidden pages send no requests and hold no connection. */
  private readonly _look = (): void => {
    this.props.run.setActive(this.isVisible && !document.hidden);
  };

  protected override readonly firstFocus = ['[role="tab"][aria-selected="true"]'];

  /** After rendering, move the focus to the tabs if the focused button disappeared. */
  private _keepFocus(): void {
    window.requestAnimationFrame(() => {
      // Browsers focus the body when the focused element is removed.
      if (this._hadFocus && document.activeElement === document.body && this.isVisible) {
        this.activate();
      }
    });
  }

  private _name(): void {
    const run = this.props.run.run.value;
    if (run) {
      this.title.label = run.run ? `${run.name} #${run.run}` : run.name;
      this.title.caption = `REANA: ${fullName(run)}`;
    }
    this._keepFocus();
  }

  private _hadFocus = false;
}

function RunView(props: RunProps): React.JSX.Element {
  const trans = useTranslator();
  const { run } = props;
  useObserved(run);
  const id = React.useId();
  const words: Readonly<Record<Tab, string>> = {
    overview: trans.__('Overview'),
    logs: trans.__('Logs'),
    files: trans.__('Files'),
    specification: trans.__('Specification'),
    compare: trans.__('Compare')
  };
  const { value, error } = run.run;
  if (run.foreign) {
    return <OtherAccount {...props} />;
  }
  if (!value) {
    return error ? (
      <LoadFailure error={error} again={() => void run.refresh()} />
    ) : (
      <Skeleton rows={5} label={trans.__('Loading run')} />
    );
  }
  return (
    <>
      <Header {...props} value={value} />
      <NotStarted {...props} />
      <Tabs
        id={id}
        label={trans.__('Run details')}
        tabs={TABS.map(key => ({ key, word: words[key] }))}
        current={run.tab}
        choose={tab => run.show(tab)}
      />
      <TabPanel id={id} current={run.tab}>
        <Shown {...props} />
      </TabPanel>
    </>
  );
}

function Shown(props: RunProps): React.JSX.Element {
  switch (props.run.tab) {
    case 'logs':
      return <LogView {...props} />;
    case 'files':
      return <Files {...props} />;
    case 'specification':
      return <SpecificationView {...props} />;
    case 'compare':
      return <Compare {...props} />;
    default:
      return <Overview {...props} />;
  }
}
