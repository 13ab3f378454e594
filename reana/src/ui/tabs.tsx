/** Tabs with arrow key navigation. */

import * as React from 'react';

interface TabsProps<T extends string> {
  readonly id: string;
  readonly label: string;
  readonly tabs: readonly { readonly key: T; readonly word: string }[];
  readonly current: T;
  readonly choose: (tab: T) => void;
}

export function Tabs<T extends string>({ id, label, tabs, current, choose }: TabsProps<T>): React.JSX.Element {
  const walk = (event: React.KeyboardEvent): void => {
    const here = tabs.findIndex(tab => tab.key === current);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    // `%` is negative for a negative number, hence the added length.
    const next = step === undefined ? undefined : tabs[(here + step + tabs.length) % tabs.length];
    if (next) {
      event.preventDefault();
      choose(next.key);
      document.getElementById(tabId(id, next.key))?.focus();
    }
  };
  return (
    <div className="jp-Reana-tabs" role="tablist" aria-label={label} onKeyDown={walk}>
      {tabs.map(({ key, word }) => (
        <button
          key={key}
          id={tabId(id, key)}
          type="button"
          role="tab"
          aria-selected={key === current}
          aria-controls={`${id}-panel`}
          tabIndex={key === current ? 0 : -1}
          onClick={() => choose(key)}
        >
          {word}
        </button>
      ))}
    </div>
  );
}

function tabId(id: string, key: string): string {
  return `${id}-tab-${key}`;
}

interface TabPanelProps {
  readonly id: string;
  readonly current: string;
  readonly children: React.ReactNode;
}

export function TabPanel({ id, current, children }: TabPanelProps): React.JSX.Element {
  return (
    <div className="jp-Reana-tabPanel" role="tabpanel" id={`${id}-panel`} aria-labelledby={tabId(id, current)}>
      {children}
    </div>
  );
}
