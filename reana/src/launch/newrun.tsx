/** The tab for a new run: file, name, parameters, validation result and the start button. */

import * as React from 'react';

import type { Problem } from '../api/values';
import type { Connection } from '../model/connection';
import { nameMistake } from '../model/form';
import type { IncompleteRun } from '../model/incomplete';
import type { NewRun } from '../model/newrun';
import { Button, Progress, Skeleton, StatePane } from '../ui/components';
import { EnvironmentNote } from '../ui/environment';
import { pictures, reanaIcon } from '../ui/icons';
import { useObserved, View } from '../ui/observe';
import { errorAdvice, errorSentence, useTranslator } from '../ui/texts';
import type { IReana } from '../tokens';
import { Fields, mistakeText } from './fields';

export interface NewRunActions {
  readonly pick: () => Promise<string>;
  /** Open the file in the editor, at a line if one is given (0: none). */
  readonly edit: (path: string, line: number) => void;
  /** Called when the run exists; `broken` says why it was not started. */
  readonly made: (id: string, broken: IncompleteRun | null) => void;
}

export class NewRunWidget extends View {
  constructor(
    reana: IReana,
    readonly model: NewRun,
    actions: NewRunActions
  ) {
    super(reana.trans, () => <NewRunView model={model} actions={actions} connection={reana.connection} />);
    this.id = 'reana-jupyterlab:new-run';
    this.title.label = reana.trans.__('New REANA run');
    this.title.icon = reanaIcon;
    this.title.closable = true;
    this.addClass('jp-Reana-newRun');
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }
}

interface NewRunProps {
  readonly connection: Connection;
  readonly model: NewRun;
  readonly actions: NewRunActions;
}

function NewRunView(props: NewRunProps): React.JSX.Element {
  const { model, actions } = props;
  useObserved(model);
  const pick = (): void => {
    void actions.pick().then(path => (path ? model.choose(path) : undefined));
  };
  return model.path ? <Prepare {...props} pick={pick} /> : <NoFileChosen pick={pick} />;
}

function NoFileChosen({ pick }: { pick: () => void }): React.JSX.Element {
  const trans = useTranslator();
  return (
    <StatePane
      picture={pictures.empty}
      title={trans.__('Choose a workflow to run')}
      text={trans.__(
        'A reana.yaml file describes the inputs, steps and results of a workflow. Choose one of your files.'
      )}
    >
      <Button kind="accept" onClick={pick}>
        {trans.__('Choose a reana.yaml…')}
      </Button>
    </StatePane>
  );
}

function Prepare(props: NewRunProps & { readonly pick: () => void }): React.JSX.Element {
  const trans = useTranslator();
  const { model, actions, pick } = props;
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    void model.run().then(id => {
      if (id) {
        actions.made(id, model.broken);
      }
    });
  };
  return (
    <div className="jp-Reana-scroll">
      <form className="jp-Reana-form" onSubmit={submit}>
        <h2>{trans.__('New REANA run')}</h2>
        <div className="jp-Reana-fileLine">
          <code>{model.path}</code>
          <Button onClick={pick}>{trans.__('Choose another…')}</Button>
          <Button onClick={() => actions.edit(model.path, 0)}>{trans.__('Edit')}</Button>
          <Button onClick={() => void model.choose(model.path)}>{trans.__('Check again')}</Button>
        </div>
        {model.loading && !model.form ? <Skeleton rows={4} label={trans.__('Reading the file')} /> : null}
        <Check {...props} />
        <EnvironmentNote connection={props.connection} images={model.form?.environments ?? []} />
        {model.form ? <Questions {...props} /> : null}
        <ErrorLine {...props} />
        <Submit {...props} />
      </form>
    </div>
  );
}

function Check({ model, actions }: NewRunProps): React.JSX.Element | null {
  const trans = useTranslator();
  const { validation } = model;
  if (!validation) {
    return null;
  }
  return (
    <section className="jp-Reana-check" aria-label={trans.__('Result of the check')} data-valid={validation.valid}>
      <p role="status">
        {validation.valid
          ? trans.__('✓ No errors found. You can start the run.')
          : trans.__('✗ The workflow cannot be run yet:')}
      </p>
      {validation.problems.length > 0 ? (
        <ul>
          {validation.problems.map((problem, index) => (
            <li key={index} data-severity={problem.severity}>
              <ProblemLine problem={problem} show={() => actions.edit(model.path, problem.line)} />
            </li>
          ))}
        </ul>
      ) : validation.valid ? null : (
        <pre>{validation.output}</pre>
      )}
    </section>
  );
}

function ProblemLine({ problem, show }: { problem: Problem; show: () => void }): React.JSX.Element {
  const trans = useTranslator();
  const { severity, line, message } = problem;
  return (
    <>
      <span>{severity === 'error' ? trans.__('Error') : trans.__('Warning')}</span>{' '}
      {line > 0 ? (
        <button type="button" className="jp-Reana-link" onClick={show}>
          {trans.__('line %1', String(line))}
        </button>
      ) : null}{' '}
      {message}
    </>
  );
}

function Questions({ model }: NewRunProps): React.JSX.Element {
  const trans = useTranslator();
  const inputs = [...(model.form?.files ?? []), ...(model.form?.directories ?? []).map(name => `${name}/`)];
  return (
    <>
      <NameField model={model} />
      {model.parameters.fields.length > 0 ? (
        <fieldset>
          <legend>{trans.__('Parameters')}</legend>
          <Fields form={model.parameters} />
        </fieldset>
      ) : null}
      {model.options.fields.length > 0 ? (
        <fieldset>
          <legend>{trans.__('Engine options (%1)', model.form?.engine ?? '')}</legend>
          <Fields form={model.options} />
        </fieldset>
      ) : null}
      {inputs.length > 0 ? (
        <p className="jp-Reana-hint">
          {trans.__('Uploaded with the run:')} {inputs.join(', ')}
        </p>
      ) : null}
    </>
  );
}

function NameField({ model }: { model: NewRun }): React.JSX.Element {
  const trans = useTranslator();
  const id = React.useId();
  const mistake = nameMistake(model.name);
  return (
    <div className="jp-Reana-field">
      <label htmlFor={id}>{trans.__('Name')}</label>
      <input
        id={id}
        className="jp-mod-styled"
        value={model.name}
        aria-invalid={mistake !== null}
        aria-describedby={mistake ? `${id}-mistake` : undefined}
        onChange={({ target }) => model.setName(target.value)}
      />
      {mistake ? (
        <span className="jp-Reana-fieldError" id={`${id}-mistake`} role="alert">
          {mistakeText(trans, mistake)}
        </span>
      ) : null}
    </div>
  );
}

function ErrorLine({ model }: NewRunProps): React.JSX.Element | null {
  const trans = useTranslator();
  return model.error ? (
    <p className="jp-Reana-fieldError" role="alert">
      {errorSentence(trans, model.error)} {errorAdvice(trans, model.error)}
    </p>
  ) : null;
}

function Submit({ model }: NewRunProps): React.JSX.Element {
  const trans = useTranslator();
  const { transfer } = model;
  if (!transfer) {
    return (
      <div className="jp-Reana-submit">
        <Button kind="accept" type="submit" disabled={!model.ready}>
          {trans.__('Run')}
        </Button>
      </div>
    );
  }
  const { current, filesDone, filesTotal } = transfer.amounts;
  const label =
    filesTotal > 0
      ? trans.__('Uploading %1 of %2: %3', String(Math.min(filesDone + 1, filesTotal)), String(filesTotal), current)
      : trans.__('Starting…');
  return (
    <div className="jp-Reana-submit" role="status">
      <span>{label}</span>
      <Progress value={transfer.share} total={1} label={label} />
      <Button onClick={() => transfer.cancel()}>{trans.__('Cancel')}</Button>
    </div>
  );
}
