/** A field that asks when the typing rests. */

import { searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useSettled } from './observe';

const REST_MS = 250;

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly settle: (text: string) => void;
}

/** Escape empties it. */
export function SearchField({ label, value, settle }: SearchProps): React.JSX.Element {
  const [typed, setTyped] = React.useState(value);
  useSettled(typed, REST_MS, settle);
  React.useEffect(() => setTyped(value), [value]);
  return (
    <span className="jp-Reana-search">
      <searchIcon.react tag="span" aria-hidden />
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={label}
        placeholder={label}
        value={typed}
        spellCheck={false}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape' && typed) {
            event.stopPropagation();
            setTyped('');
          }
        }}
      />
    </span>
  );
}
