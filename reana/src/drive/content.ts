/** File contents in the format that a viewer requests. */

import type { Contents } from '@jupyterlab/services';

export function formatOf(
  asked: Contents.FileFormat | undefined,
  usual: Contents.FileFormat
): 'text' | 'base64' | 'json' {
  const format = asked ?? usual;
  return format === 'base64' || format === 'json' ? format : 'text';
}

/** Text, JSON, or the bytes in Base64. Rejects for invalid JSON. */
export async function contentOf(response: Response, format: 'text' | 'base64' | 'json'): Promise<unknown> {
  if (format === 'text') {
    return response.text();
  }
  if (format === 'json') {
    return response.json() as Promise<unknown>;
  }
  return base64(new Uint8Array(await response.arrayBuffer()));
}

// Each byte is an argument of `fromCharCode`, and engines limit their number.
const CHUNK = 0x8000;

export function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(binary);
}
