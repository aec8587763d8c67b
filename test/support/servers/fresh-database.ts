import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export type FreshDatabase = AsyncDisposable & {
  /** URL with the credentials of the test server's superuser. */
  readonly url: string;
};

/** An empty database on the Postgres of the tests, which is dropped at the end. */
export async function createFreshDatabase(): Promise<FreshDatabase> {
  const url = await createDatabase();
  return { url, [Symbol.asyncDispose]: () => dropDatabase(url) };
}

/** Creates an empty database on the Postgres of the tests, and returns its URL. */
export async function createDatabase(): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(serverUrl(), `create database ${name}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/** Drops a database with the connections that are still open. */
export async function dropDatabase(url: string): Promise<void> {
  await query(serverUrl(), `drop database if exists ${new URL(url).pathname.slice(1)} with (force)`);
}

function serverUrl(): string {
  const server = process.env['DATABASE_URL'];
  if (server === undefined) throw new Error('this test needs DATABASE_URL');
  return server;
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
