/** React hooks and a widget base class for observed state. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Observable } from '../model/observable';
import { Words } from './texts';

/** Render the component again when one of these changes, also between render and subscription. */
export function useObserved(...observed: readonly Observable[]): void {
  const listen = React.useCallback((draw: () => void) => {
    observed.forEach(one => one.changed.connect(draw));
    return () => observed.forEach(one => one.changed.disconnect(draw));
  }, observed);
  // A new array would differ at each call and render endlessly; equal strings do not.
  React.useSyncExternalStore(listen, () => observed.map(({ version }) => version).join());
}

/** The current time, updated every second while `moving`. */
export function useNow(moving: boolean): number {
  const [now, setNow] = React.useState(() => Date.now());
  React.useEffect(() => {
    if (!moving) {
      return undefined;
    }
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [moving]);
  // Without the timer the stored time is old.
  return moving ? now : Date.now();
}

/** Calls `settle` once the value has not changed for some milliseconds. */
export function useDebounced<T>(value: T, milliseconds: number, settle: (value: T) => void): void {
  const first = React.useRef(true);
  // `settle` is new at each rendering: as a dependency it would restart the timer.
  React.useEffect(() => {
    // The initial value was not typed by the user.
    if (first.current) {
      first.current = false;
      return undefined;
    }
    const timer = window.setTimeout(() => settle(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value]);
}

/** A Lumino widget around a component, with its translator. */
export class View extends ReactWidget {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _draw: () => React.JSX.Element
  ) {
    super();
    this.addClass('jp-Reana');
  }

  /** Selectors of the element to focus on activation: the first match. */
  protected readonly firstFocus: readonly string[] = ['input', 'button'];

  /** Until there is a focusable element, the view itself holds the focus. */
  protected override onActivateRequest(): void {
    const first = this.firstFocus.map(one => this.node.querySelector<HTMLElement>(one)).find(one => one !== null);
    if (first) {
      first.focus();
      return;
    }
    // Focusable by scripts, but no tab stop.
    this.node.tabIndex = -1;
    this.node.focus();
    window.requestAnimationFrame(() => {
      // Only if the user has not moved the focus meanwhile.
      if (!this.isDisposed && document.activeElement === this.node) {
        this.activate();
      }
    });
  }

  protected override render(): React.JSX.Element {
    return <Words.Provider value={this._trans}>{this._draw()}</Words.Provider>;
  }
}
