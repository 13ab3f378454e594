/** Form state of parameters: typed text, validation errors and parsed values. */

import type { Field } from '../api/create';
import type { Json, JsonObject } from '../api/values';
import { Observable } from './observable';

export type Mistake = 'name' | 'integer' | 'number' | 'json' | null;

export class ParameterForm extends Observable {
  constructor(readonly fields: readonly Field[]) {
    super();
    this._typed = new Map(fields.map(field => [field.name, spelled(field)]));
  }

  typed(name: string): string {
    return this._typed.get(name) ?? '';
  }

  type(name: string, text: string): void {
    this._typed.set(name, text);
    this.emitChanged();
  }

  mistake(field: Field): Mistake {
    return read(field.kind, this.typed(field.name)).mistake;
  }

  isChanged(field: Field): boolean {
    return this.typed(field.name) !== spelled(field);
  }

  get valid(): boolean {
    return this.fields.every(field => this.mistake(field) === null);
  }

  /** Parameters that differ from the specification. */
  get changes(): JsonObject {
    const changed = this.fields.filter(field => this.isChanged(field));
    return Object.fromEntries(changed.map(({ name, kind }) => [name, read(kind, this.typed(name)).value]));
  }

  private readonly _typed: Map<string, string>;
}

function spelled({ value }: Field): string {
  if (value === null) {
    return '';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface Reading {
  readonly value: Json;
  readonly mistake: Mistake;
}

const good = (value: Json): Reading => ({ value, mistake: null });
const bad = (mistake: Mistake): Reading => ({ value: null, mistake });

export function read(kind: string, typed: string): Reading {
  const text = typed.trim();
  switch (kind) {
    case 'integer':
      // A default of 3 permits 3.5: REANA does not distinguish integers.
      return isNumber(text) ? good(Number(text)) : bad('integer');
    case 'number':
      return isNumber(text) ? good(Number(text)) : bad('number');
    case 'boolean':
      return good(text === 'true');
    case 'list':
    case 'object':
      return readJson(kind, text);
    default:
      // Not trimmed: spaces may be part of a text.
      return good(typed);
  }
}

function isNumber(text: string): boolean {
  // `Number` takes an empty text as 0.
  return text !== '' && Number.isFinite(Number(text));
}

function readJson(kind: string, text: string): Reading {
  try {
    const value = JSON.parse(text) as Json;
    const list = Array.isArray(value);
    return typeof value === 'object' && value !== null && list === (kind === 'list') ? good(value) : bad('json');
  } catch {
    return bad('json');
  }
}

/** The kind of a value, if the form does not declare it. */
export function kindOf(value: Json): string {
  if (Array.isArray(value)) {
    return 'list';
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'integer' : 'number';
  }
  return typeof value === 'object' && value !== null ? 'object' : value === null ? 'string' : typeof value;
}

/** REANA accepts any name that is not empty and has no dot or slash. */
export function nameMistake(name: string): Mistake {
  return /^[^./\s][^./]*$/.test(name.trim()) ? null : 'name';
}
