import { expect, test } from 'vitest';
import { demoPassword } from '../../subgraphs/shop/demo/users.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startGraph } from '../support/graphs/shop-graph.ts';
import type { ShopGraph } from '../support/graphs/shop-graph.ts';

const ATTACKERS = 14;
const LOGINS_EACH = 12;

// The test asserts that the user is served, not how fast the machine is.
const patient = { traffic: { deadlineMs: 60_000, all: { timeoutMs: 60_000 } } };

const login = `mutation ($email: String!, $password: String!) {
  login(email: $email, password: $password) { user { email } }
}`;

test('a user logs in while 14 addresses send wrong passwords, and the breaker stays closed', async (context) => {
  await using graph = await startGraph({ config: { listen: { trustedProxies: ['127.0.0.1'] }, ...patient } });
  const logIn = (address: string, email: string, password: string) =>
    graph.ask(login, { variables: { email, password }, headers: { 'x-forwarded-for': address } });

  const flood = Promise.all(
    Array.from({ length: ATTACKERS * LOGINS_EACH }, (_, index) =>
      logIn(`198.51.100.${index % ATTACKERS}`, `nobody-${index}@shop.example`, 'wrong password'),
    ),
  );
  const started = performance.now();
  const { victim, attempts } = await untilAccepted(() =>
    logIn('203.0.113.7', 'freya@shop.example', demoPassword),
  );
  recordMeasurement(context, 'attempts of a user to log in during the flood', attempts);
  recordMeasurement(context, 'login of a user during the flood, ms', Math.round(performance.now() - started));
  expect(victim.data).toEqual({ login: { user: { email: 'freya@shop.example' } } });

  const codes = (await flood).map(({ errors }) => errors[0]?.extensions['code']);
  const count = (code: string) => codes.filter((each) => each === code).length;
  expect(count('UNAUTHENTICATED') + count('OVERLOADED')).toBe(ATTACKERS * LOGINS_EACH);
  expect(count('OVERLOADED')).toBeGreaterThan(0);
  const after = await logIn('203.0.113.8', 'priya@shop.example', demoPassword);
  expect(after.errors).toEqual([]);
  const metrics = await (await fetch(`${graph.routers[0]?.adminUrl}/metrics`)).text();
  expect(metrics).not.toMatch(/^tributary_breaker_transitions_total\{.*subgraph="user"/m);
});

/** Repeats a login after an overload rejection, as its error code requires. */
async function untilAccepted(logIn: () => ReturnType<ShopGraph['ask']>) {
  for (let attempts = 1; ; attempts++) {
    const victim = await logIn();
    if (attempts === 20 || victim.errors[0]?.extensions['code'] !== 'OVERLOADED') return { victim, attempts };
  }
}
