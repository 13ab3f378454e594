/** The specification of a run, with its original keys. */

import * as React from 'react';
import { stringify } from 'yaml';

import type { JsonObject } from '../api/values';
import { useTranslator } from '../ui/texts';
import type { RunProps } from './context';
import { Loaded } from './states';

export function SpecificationView({ run, viewer: Viewer }: RunProps): React.JSX.Element {
  const trans = useTranslator();
  return (
    <div className="jp-Reana-specification">
      <Loaded
        part={run.specification}
        show={({ specification, parameters }) => (
          <>
            {Object.keys(parameters).length > 0 ? (
              <section>
                <h3>{trans.__('Changed for this run')}</h3>
                <Viewer text={toYaml(parameters)} label={trans.__('Changed parameters')} />
              </section>
            ) : null}
            <section>
              <h3>reana.yaml</h3>
              <Viewer text={toYaml(specification)} label={trans.__('Specification of the run')} />
            </section>
          </>
        )}
      />
    </div>
  );
}

const FIRST = ['version', 'inputs', 'workflow', 'outputs', 'tests', 'workspace'];

/** REANA returns JSON; YAML in the usual order of keys resembles the original file. */
export function toYaml(value: JsonObject): string {
  const known = FIRST.filter(key => key in value).map(key => [key, value[key]] as const);
  const others = Object.entries(value).filter(([key]) => !FIRST.includes(key));
  // Width 0 turns off folding: long commands stay on one line.
  return stringify(Object.fromEntries([...known, ...others]), { lineWidth: 0 });
}
