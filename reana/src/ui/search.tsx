/** A search field with debounced input. */

import { searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useDebounced } from './observe';

const DEBOUNCE_MS = 250;

interface SearchProps {
  readonly label: string;
  readonly value: string;
  readonly settle: (text: string) => void;
}

/** Escape clears it. */
export function SearchField({ label, value, settle }: SearchProps): React.JSX.Element {
  const [typed, setTyped] = React.useState(value);
  useDebounced(typed, DEBOUNCE_MS, settle);
  // The value may also be reset from outside.
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
            // The first Escape only clears the field: listeners outside must not act on it, too.
            event.stopPropagation();
            setTyped('');
          }
        }}
      />
    </span>
  );
}
