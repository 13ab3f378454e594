/** Whether one is connected: what REANA says counts, not that an address is known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConnectionApi } from '../../src/api/connection';
import { Connection } from '../../src/model/connection';

async function connectionOf(account: object): Promise<Connection> {
  const connection = new Connection(
    new ConnectionApi(route => Promise.resolve(route === 'connection' ? account : { profiles: [] }))
  );
  await connection.load();
  return connection;
}

void test('a revoked token is not connected', async () => {
  const refused = {
    connected: false,
    server: 'https://reana.example.org',
    reason: 'refused',
    status: 401,
    message: 'x'
  };
  const connection = await connectionOf(refused);
  assert.deepEqual([connection.state, connection.error?.status], ['absent', 401]);
  connection.dispose();
});

void test('an unreachable server is not connected', async () => {
  const away = {
    connected: false,
    server: 'https://reana.example.org',
    reason: 'unreachable',
    status: 502,
    message: 'x'
  };
  const connection = await connectionOf(away);
  assert.deepEqual([connection.state, connection.error?.status], ['error', 502]);
  connection.dispose();
});

void test('a new account is emitted before the change', async () => {
  const accounts = ['jane', 'jane', 'grace'].map(email => ({ connected: true, server: 'https://r', user: { email } }));
  const connection = new Connection(
    new ConnectionApi(route => Promise.resolve(route === 'connection' ? accounts.shift() : { profiles: [] }))
  );
  const told: string[] = [];
  connection.switched.connect((_, key) => told.push(`switched ${key.replace('\n', ' ')}`));
  connection.changed.connect(() => told.push('changed'));
  for (let turn = 0; turn < 3; turn++) {
    await connection.load();
  }
  assert.deepEqual(told, ['switched https://r jane', 'changed', 'changed', 'switched https://r grace', 'changed']);
  connection.dispose();
});

void test('a valid token is connected', async () => {
  const connection = await connectionOf({ connected: true, server: 'https://reana.example.org' });
  assert.deepEqual([connection.state, connection.error], ['connected', null]);
  connection.dispose();
});
