import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { demoPassword } from '../../subgraphs/shop/demo/users.ts';
import { startUser } from '../../subgraphs/user/server.ts';
import { createFreshDatabase } from '../support/servers/fresh-database.ts';
import { dropLocation, startTestSubgraph, testLocation } from '../support/subgraphs/shop-subgraph.ts';
import type { TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const admin = { email: 'ada@shop.example', password: demoPassword };

const logIn = (user: TestSubgraph, variables: Readonly<Record<string, string>>) =>
  user.call(
    `mutation ($email: String!, $password: String!) {
      login(email: $email, password: $password) { accessToken refreshToken user { roles } }
    }`,
    { variables },
  );

test('without the setting no demo user can log in, also on a database that had demo logins before', async () => {
  const database = await testLocation('user', 'postgres');
  await using stack = new AsyncDisposableStack();
  stack.defer(() => dropLocation(database));
  const start = (demoLogins: boolean) =>
    startTestSubgraph('user', startUser, { database, settings: { demoLogins } });
  const codeOf = async (user: TestSubgraph) => (await logIn(user, admin)).errors[0]?.extensions.code;

  await using production = await start(false);
  expect(await codeOf(production)).toBe('UNAUTHENTICATED');

  await using demo = await start(true);
  const { data } = await logIn(demo, admin);
  const session = data?.['login'] as { refreshToken: string };

  await using again = await start(false);
  expect(await codeOf(again)).toBe('UNAUTHENTICATED');
  const refreshed = await again.call(
    'mutation ($token: String!) { refreshSession(refreshToken: $token) { accessToken } }',
    { variables: { token: session.refreshToken } },
  );
  expect(refreshed.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  const revoked = (await (await fetch(`${again.origin}/.well-known/revoked-tokens`)).json()) as {
    readonly revoked: readonly unknown[];
  };
  expect(revoked.revoked).toHaveLength(1);
});

test('the first administrator registers like all users and then receives the role by a command', async () => {
  await using fresh = await createFreshDatabase();
  await using user = await startTestSubgraph('user', startUser, {
    database: { kind: 'postgres', schema: 'user', url: fresh.url },
    settings: { demoLogins: false },
  });
  const owner = { email: 'owner@shop.example', password: 'correct horse battery' };
  const register = 'mutation ($input: RegisterInput!) { register(input: $input) { user { roles } } }';
  const registered = await user.call(register, { variables: { input: { ...owner, name: 'Owner' } } });
  expect(registered.data).toEqual({ register: { user: { roles: ['customer'] } } });

  const setRoles = (...args: readonly string[]) => runSetRoles(fresh.url, args);
  expect(await setRoles(owner.email, 'emperor')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^Usage: node/),
  });
  expect(await setRoles('nobody@shop.example', 'admin')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'There is no account with the e-mail nobody@shop.example: register it first.\n',
  });
  expect(await setRoles('Owner@shop.example', 'customer', 'admin')).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  expect((await logIn(user, owner)).data).toMatchObject({
    login: { user: { roles: ['customer', 'admin'] } },
  });
});

async function runSetRoles(databaseUrl: string, args: readonly string[]) {
  const command = fileURLToPath(new URL('../../subgraphs/user/set-roles.ts', import.meta.url));
  const child = spawn(process.execPath, [command, ...args], {
    env: { DATABASE_URL: databaseUrl, IDENTITY_KEYS: `k:${'x'.repeat(32)}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  await once(child, 'close');
  return { exitCode: child.exitCode, stdout: await stdout, stderr: await stderr };
}
