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

void test('who is let in is listed, and the field is empty for the next', async () => {
  const server = new Server();
  const sharing = new Sharing(server, 'r');
  sharing.email = ' grace@example.org ';
  await sharing.share();
  assert.deepEqual([server.emails, sharing.shares.length, sharing.email], [['grace@example.org'], 1, '']);
  await sharing.takeBack('grace@example.org');
  assert.deepEqual([server.emails, sharing.shares.length], [[], 0]);
});

void test('a refusal is told, and what was typed stays', async () => {
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

void test('nobody is let in who was not named', async () => {
  const server = new Server();
  const sharing = new Sharing(server, 'r');
  sharing.email = '  ';
  await sharing.share();
  assert.deepEqual(server.emails, []);
});
