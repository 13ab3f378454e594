/** Compares the effective parameters of two runs: defaults with overrides. */

import { object } from '../api/read';
import type { Json, JsonObject, Specification } from '../api/values';

/** A parameter that differs; undefined: that run has no such parameter. */
export interface ParameterChange {
  readonly name: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** True if the value is the default of the specification. */
  readonly beforeIsDefault: boolean;
  readonly afterIsDefault: boolean;
}

export function parametersOf({ specification, parameters }: Specification): JsonObject {
  return { ...object(specification.inputs, 'parameters'), ...parameters };
}

export function changedParameters(before: Specification, after: Specification): ParameterChange[] {
  const [old, now] = [parametersOf(before), parametersOf(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names
    .filter(name => !same(old[name], now[name]))
    .map(name => ({
      name,
      before: old[name],
      after: now[name],
      beforeIsDefault: name in old && !(name in before.parameters),
      afterIsDefault: name in now && !(name in after.parameters)
    }));
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  // An absent parameter (undefined) differs from null.
  return JSON.stringify(one) === JSON.stringify(other);
}
