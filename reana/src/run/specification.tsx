/** The specification of a run, with the names as its author wrote them. */

import * as React from 'react';
import { stringify } from 'yaml';

import type { JsonObject } from '../api/values';
import { useWords } from '../ui/words';
import type { RunProps } from './context';
import { Loaded } from './states';

export function SpecificationView({ run, viewer: Viewer }: RunProps): React.JSX.Element {
  const trans = useWords();
  return (
    <div className="jp-Reana-specification">
      <Loaded
        part={run.specification}
        show={({ specification, parameters }) => (
          <>
            {Object.keys(parameters).length > 0 ? (
              <section>
                <h3>{trans.__('Changed for this run')}</h3>
                <Viewer text={asYaml(parameters)} label={trans.__('Changed parameters')} />
              </section>
            ) : null}
            <section>
              <h3>reana.yaml</h3>
              <Viewer text={asYaml(specification)} label={trans.__('Specification of the run')} />
            </section>
          </>
        )}
      />
    </div>
  );
}

const FIRST = ['version', 'inputs', 'workflow', 'outputs', 'tests', 'workspace'];

/** REANA gives the specification back as JSON; as YAML it reads like the file it was. */
export function asYaml(value: JsonObject): string {
  const known = FIRST.filter(key => key in value).map(key => [key, value[key]] as const);
  const others = Object.entries(value).filter(([key]) => !FIRST.includes(key));
  return stringify(Object.fromEntries([...known, ...others]), { lineWidth: 0 });
}
