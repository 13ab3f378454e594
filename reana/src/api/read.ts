/** Reads untrusted JSON without throwing: a server may send other types than it documents. */

import type { Json, JsonObject } from './values';

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(source: unknown, key: string): string {
  const value = isObject(source) ? source[key] : undefined;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function time(source: unknown, key: string): string | null {
  return text(source, key) || null;
}

export function integer(source: unknown, key: string, otherwise = 0): number {
  const value = isObject(source) ? source[key] : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

export function flag(source: unknown, key: string): boolean {
  return isObject(source) && source[key] === true;
}

export function list(source: unknown, key: string): readonly unknown[] {
  const value = isObject(source) ? source[key] : undefined;
  return Array.isArray(value) ? value : [];
}

export function entries(source: unknown, key: string): readonly [string, unknown][] {
  const value = isObject(source) ? source[key] : undefined;
  return isObject(value) ? Object.entries(value) : [];
}

/** The object below a key, or an empty one. The cast is safe: values parsed from JSON are JSON. */
export function object(source: unknown, key: string): JsonObject {
  const value = isObject(source) ? source[key] : undefined;
  return isObject(value) ? (value as { [key: string]: Json }) : {};
}
