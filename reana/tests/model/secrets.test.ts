/** Secrets: what is sent, what is forgotten here, and what is asked twice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import { SecretsApi, type NewSecret } from '../../src/api/secrets';
import { Secrets } from '../../src/model/secrets';

class FakeApi {
  readonly kept: NewSecret[] = [];
  readonly forgotten: string[] = [];
  trouble: ReanaError | null = null;

  secrets(): Promise<readonly { name: string; kind: string }[]> {
    return Promise.resolve(this.kept.map(({ name, kind }) => ({ name, kind })));
  }

  keep(secret: NewSecret): Promise<void> {
    if (this.trouble) {
      return Promise.reject(this.trouble);
    }
    this.kept.push(secret);
    return Promise.resolve();
  }

  forget(name: string): Promise<void> {
    this.forgotten.push(name);
    return Promise.resolve();
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

void test('a variable is sent and its value forgotten', async () => {
  const api = new FakeApi();
  const secrets = new Secrets(api);
  secrets.change({ name: 'TOKEN', value: 'pä$$' });
  await secrets.keep();
  assert.deepEqual(api.kept, [{ name: 'TOKEN', kind: 'env', value: bytes('pä$$'), replaces: false }]);
  assert.deepEqual([secrets.name, secrets.value, secrets.items], ['', '', [{ name: 'TOKEN', kind: 'env' }]]);
});

void test('a file is sent unchanged, under its own name unless another is given', async () => {
  const api = new FakeApi();
  const secrets = new Secrets(api);
  const content = Uint8Array.of(0, 255, 10);
  secrets.change({ kind: 'file', file: new File([content], 'me.keytab') });
  await secrets.keep();
  assert.deepEqual([api.kept[0]?.name, api.kept[0]?.value], ['me.keytab', content]);
});

void test('an invalid name is not sent', async () => {
  const api = new FakeApi();
  const secrets = new Secrets(api);
  for (const [kind, name] of [
    ['env', '1X'],
    ['env', 'a b'],
    ['file', 'a/b'],
    ['file', '..']
  ] as const) {
    secrets.change({ kind, name, value: 'x', file: new File(['x'], name) });
    assert.equal(secrets.nameIsWrong, true, name);
    await secrets.keep();
  }
  assert.deepEqual(api.kept, []);
});

void test('after an error the typed values stay', async () => {
  const api = new FakeApi();
  const secrets = new Secrets(api);
  api.trouble = new ReanaError(409, 'There is one.');
  secrets.change({ name: 'TOKEN', value: 'x' });
  await secrets.keep();
  assert.deepEqual([secrets.error?.message, secrets.name, secrets.value], ['There is one.', 'TOKEN', 'x']);
});

void test('the first press asks for confirmation, the second deletes', async () => {
  const api = new FakeApi();
  const secrets = new Secrets(api);
  await secrets.forget('A');
  await secrets.forget('B');
  assert.deepEqual([secrets.pendingDeletion, api.forgotten], ['B', []]);
  await secrets.forget('B');
  assert.deepEqual([secrets.pendingDeletion, api.forgotten], ['', ['B']]);
});

void test('values are sent in Base64', async () => {
  const sent: unknown[] = [];
  const api = new SecretsApi((...told) => Promise.resolve(sent.push(told)));
  await api.keep({ name: 'K', kind: 'file', value: Uint8Array.of(0, 255), replaces: true });
  const body = { name: 'K', type: 'file', value: 'AP8=', encoding: 'base64', overwrite: true };
  assert.deepEqual(sent, [['secrets', { method: 'POST', body }]]);
});
