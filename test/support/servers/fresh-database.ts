import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export type FreshDatabase = AsyncDisposable & {
  /** With the credentials of the test server's superuser. */
  readonly url: string;
};

/** An empty database on the Postgres of the tests, which is dropped at the end. */
export async function createFreshDatabase(): Promise<FreshDatabase> {
  const server = process.env['DATABASE_URL'];
  if (server === undefined) throw new Error('this test needs DATABASE_URL');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => query(server, `drop database ${name} with (force)`),
  };
}

async function query(url: string, statements: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
