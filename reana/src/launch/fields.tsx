/** Form fields of parameters, with defaults and validation errors. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Field } from '../api/create';
import type { Mistake, ParameterForm } from '../model/form';
import { useObserved } from '../ui/observe';
import { useTranslator } from '../ui/texts';

export function Fields({ form }: { form: ParameterForm }): React.JSX.Element {
  useObserved(form);
  return (
    <>
      {form.fields.map(field => (
        <FieldRow key={field.name} form={form} field={field} />
      ))}
    </>
  );
}

function FieldRow({ form, field }: { form: ParameterForm; field: Field }): React.JSX.Element {
  const trans = useTranslator();
  const id = React.useId();
  const mistake = form.mistake(field);
  return (
    <div className="jp-Reana-field" data-changed={form.isChanged(field)}>
      <label htmlFor={id}>{field.name}</label>
      <Input id={id} form={form} field={field} invalid={mistake !== null} />
      {mistake ? (
        <span className="jp-Reana-fieldError" id={`${id}-mistake`} role="alert">
          {mistakeText(trans, mistake)}
        </span>
      ) : null}
    </div>
  );
}

interface InputProps {
  readonly id: string;
  readonly form: ParameterForm;
  readonly field: Field;
  readonly invalid: boolean;
}

function Input({ id, form, field, invalid }: InputProps): React.JSX.Element {
  const trans = useTranslator();
  const { name, kind, choices } = field;
  const common = { id, 'aria-invalid': invalid, 'aria-describedby': invalid ? `${id}-mistake` : undefined };
  const value = form.typed(name);
  if (kind === 'boolean') {
    const change = (checked: boolean): void => form.type(name, String(checked));
    return <input {...common} type="checkbox" checked={value === 'true'} onChange={e => change(e.target.checked)} />;
  }
  if (kind === 'step') {
    return (
      <select {...common} className="jp-mod-styled" value={value} onChange={e => form.type(name, e.target.value)}>
        <option value="">{trans.__('not set')}</option>
        {choices.map(choice => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  return (
    <input
      {...common}
      className="jp-mod-styled"
      inputMode={kind === 'integer' || kind === 'number' ? 'decimal' : undefined}
      spellCheck={false}
      value={value}
      onChange={e => form.type(name, e.target.value)}
    />
  );
}

export function mistakeText(trans: TranslationBundle, mistake: Exclude<Mistake, null>): string {
  return {
    name: trans.__('Names must not be empty or contain dots or slashes.'),
    integer: trans.__('Enter a number.'),
    number: trans.__('Enter a number.'),
    json: trans.__('Enter JSON, for example ["a", "b"] or {"a": 1}.')
  }[mistake];
}
