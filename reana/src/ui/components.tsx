/** Small components without texts or state of their own. */

import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { statusIcons, unknownIcon } from './icons';

export function StatusBadge({ status, word }: { status: string; word: string }): React.JSX.Element {
  const icon = statusIcons[status] ?? unknownIcon;
  return (
    <span className="jp-Reana-status" data-status={status} title={word === status ? undefined : status}>
      <icon.react tag="span" className="jp-Reana-statusIcon" aria-hidden />
      <span className="jp-Reana-statusWord">{word}</span>
    </span>
  );
}

interface ProgressProps {
  readonly value: number;
  readonly total: number;
  readonly label: string;
  readonly status?: string | undefined;
}

/** A progress bar with an accessible label; indeterminate without a total. */
export function Progress({ value, total, label, status }: ProgressProps): React.JSX.Element {
  const share = total > 0 ? Math.min(100, (100 * value) / total) : 0;
  const known = total > 0 ? { 'aria-valuenow': Math.round(share), 'aria-valuemin': 0, 'aria-valuemax': 100 } : {};
  return (
    <span
      className="jp-Reana-progress"
      role="progressbar"
      aria-label={label}
      title={label}
      data-status={status}
      {...known}
    >
      <span style={{ width: `${share}%` }} />
    </span>
  );
}

interface IconButtonProps {
  readonly icon: LabIcon;
  readonly label: string;
  readonly onClick: () => void;
  readonly disabled?: boolean | undefined;
  readonly pressed?: boolean | undefined;
}

export function IconButton({ icon, label, onClick, disabled, pressed }: IconButtonProps): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-Reana-iconButton"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
    >
      <icon.react tag="span" aria-hidden />
    </button>
  );
}

interface ButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: 'accept' | 'warn' | 'plain' | undefined;
}

export function Button({ kind = 'plain', className = '', ...rest }: ButtonProps): React.JSX.Element {
  const look = { accept: 'jp-mod-accept', warn: 'jp-mod-warn', plain: 'jp-Reana-plain' }[kind];
  return <button type="button" className={`jp-Reana-button jp-mod-styled ${look} ${className}`} {...rest} />;
}

interface StateProps {
  readonly picture: LabIcon;
  readonly title: string;
  readonly text?: string | undefined;
  readonly urgent?: boolean | undefined;
  readonly children?: React.ReactNode;
}

/** Placeholder for an empty list or an error: picture, title, text and actions. */
export function StatePane({ picture, title, text, urgent, children }: StateProps): React.JSX.Element {
  return (
    <div className="jp-Reana-state" role={urgent ? 'alert' : 'status'}>
      <picture.react tag="span" className="jp-Reana-picture" aria-hidden />
      <p className="jp-Reana-stateTitle">{title}</p>
      {text ? <p>{text}</p> : null}
      {children ? <div className="jp-Reana-stateActions">{children}</div> : null}
    </div>
  );
}

/** Loading placeholder of grey lines. */
export function Skeleton({ rows, label }: { rows: number; label: string }): React.JSX.Element {
  return (
    <div className="jp-Reana-skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  );
}
