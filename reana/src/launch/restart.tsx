/** Dialog for the parameters of a restart. */

import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { object } from '../api/read';
import { fullName, type JsonObject, type Run, type Specification } from '../api/values';
import { kindOf, ParameterForm } from '../model/form';
import { Words } from '../ui/texts';
import { Fields } from './fields';

/** Resolves to the parameters that override the specification; null: cancelled. */
export async function askParameters(
  trans: TranslationBundle,
  run: Run,
  { specification, parameters }: Specification
): Promise<JsonObject | null> {
  const defaults = object(specification.inputs, 'parameters');
  const all = Object.entries({ ...defaults, ...parameters });
  const form = new ParameterForm(all.map(([name, value]) => ({ name, kind: kindOf(value), value, choices: [] })));
  let again = true;
  // Each button closes a dialog, so it is shown again until the values are valid.
  while (again) {
    const { button } = await showDialog({
      title: trans.__('Restart %1', fullName(run)),
      body: body(trans, form),
      buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Restart') })],
      focusNodeSelector: '.jp-Reana-field input'
    });
    if (!button.accept) {
      return null;
    }
    again = !form.valid;
  }
  // `changes` lacks what the user left as it was, so earlier overrides are kept.
  return { ...parameters, ...form.changes };
}

function body(trans: TranslationBundle, form: ParameterForm): ReactWidget {
  return ReactWidget.create(
    <Words.Provider value={trans}>
      <div className="jp-Reana jp-Reana-dialog">
        <p>{trans.__('The new run reads and writes files in the workspace of this run.')}</p>
        {form.fields.length > 0 ? <Fields form={form} /> : <p>{trans.__('This run has no parameters.')}</p>}
      </div>
    </Words.Provider>
  );
}
