/** Events in the pieces in which a network brings them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import { EventReader, readEvents, type ServerEvent } from '../../src/api/events';

const TEXT = 'event: hello\ndata: {"status":"running"}\n\n: still here\n\nevent: log\ndata: {"text":"é\\n\\n"}\n\n';
const EVENTS = [
  { name: 'hello', data: { status: 'running' } },
  { name: 'log', data: { text: 'é\n\n' } }
];

void test('events do not depend on chunk boundaries', () => {
  for (let cut = 0; cut <= TEXT.length; cut++) {
    const reader = new EventReader();
    assert.deepEqual([...reader.read(TEXT.slice(0, cut)), ...reader.read(TEXT.slice(cut))], EVENTS);
  }
});

void test('invalid events are skipped', () => {
  assert.deepEqual(new EventReader().read('data: 1\n\nevent: a\ndata: {\n\n<html>\n\nevent: b\n\n'), []);
});

void test('chunks are read as they arrive', async () => {
  const bytes = new TextEncoder().encode(TEXT);
  const body = new ReadableStream<Uint8Array>({
    start: control => {
      bytes.forEach(byte => control.enqueue(Uint8Array.of(byte)));
      control.close();
    }
  });
  const told: ServerEvent[][] = [];
  await readEvents(new Response(body), events => told.push(events));
  assert.deepEqual([told.flat(), told.length], [EVENTS, bytes.length]);
});

void test('an error response throws', async () => {
  const refused = readEvents(new Response('{}', { status: 404 }), () => undefined);
  await assert.rejects(refused, (error: unknown) => error instanceof ReanaError && error.status === 404);
});
