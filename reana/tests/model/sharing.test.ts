/** Letting people in, and what is said when REANA does not want to. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReanaError } from '../../src/api/errors';
import { Sharing } from '../../src/model/sharing';

class Server {
  readonly emails: string[] = [];
  refusal: ReanaError | null = null;

  shares = (): Promise<{ email: string; until: string }[]> =>
    Promise.resolve(this.emails.map(email => ({ email, until: '' })));

  share = (_id: string, email: string): Promise<void> => {
    if (this.refusal) {
      return Promise.reject(this.refusal);
    }
    this.emails.push(email);
    return Promise.resolve();
  };

  unshare = (_id: string, email: string): Promise<void> => {
    this.emails.splice(this.emails.indexOf(email), 1);
    return Promise.resolve();
  };
}

void test('a shared user is listed and the field is cleared', async () => {
  const server = new Server();
  const sharing = new Sharing(server, 'r');
  sharing.email = ' grace@example.org ';
  await sharing.share();
  assert.deepEqual([server.emails, sharing.items.length, sharing.email], [['grace@example.org'], 1, '']);
  await sharing.unshare('grace@example.org');
  assert.deepEqual([server.emails, sharing.items.length], [[], 0]);
});

void test('an error is shown and the typed address stays', async () => {
  const server = new Server();
  server.refusal = new ReanaError(404, 'Nobody knows grace.');
  const sharing = new Sharing(server, 'r');
  sharing.email = 'grace@example.org';
  await sharing.share();
  assert.deepEqual([sharing.error?.message, sharing.email], ['Nobody knows grace.', 'grace@example.org']);
  server.refusal = null;
  await sharing.share();
  assert.deepEqual([sharing.error, sharing.email], [null, '']);
});

void test('an empty address is not shared with', async () => {
  const server = new Server();
  const sharing = new Sharing(server, 'r');
  sharing.email = '  ';
  await sharing.share();
  assert.deepEqual(server.emails, []);
});
