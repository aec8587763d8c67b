import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DatabaseLocation } from '../database/database.ts';
import { reasonOf, StartupError } from '../database/startup-error.ts';

const portRule = 'must be a port, 0 to 65535';

/** A whole number above 0 from a variable. */
const days = (fallback: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a whole number above 0')
    .default(fallback)
    .transform(Number);

const bytes = (fallback: string) =>
  z
    .string()
    .regex(/^[1-9]\d{3,8}$/, 'must be a number of bytes, 1000 to 999999999')
    .default(fallback)
    .transform(Number);

/** Environment of the registry. Each variable may also be given as `NAME_FILE`, the path of a file. */
export const environmentSchema = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address to listen on.'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, portRule)
    .default('4010')
    .transform(Number)
    .refine((port) => port <= 65_535, portRule)
    .describe('Port to listen on; 0 selects a free one.'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a URL: postgres://USER:PASSWORD@HOST/DATABASE' })
    .optional()
    .describe('Postgres that several instances can share. Default: an embedded one in `DATA_DIR`.'),
  DATA_DIR: z
    .string()
    .default('.data')
    .describe('Folder of the embedded Postgres. It serves one instance only.'),
  REGISTRY_SIGNING_KEY: z
    .string()
    .optional()
    .describe(
      'Ed25519 private key (PKCS #8, PEM) that signs releases. Default: one made once, in the database.',
    ),
  REGISTRY_MAX_BODY_BYTES: bytes('8000000').describe('Maximum size of a request body.'),
  REGISTRY_MAX_SDL_BYTES: bytes('4000000').describe('Maximum size of a subgraph schema.'),
  REGISTRY_KEEP_LAUNCH_DAYS: days('365').describe(
    'Days that launches, versions and their texts are kept. What is served is always kept.',
  ),
  REGISTRY_KEEP_CHECK_DAYS: days('90').describe('Days that checks are kept.'),
  REGISTRY_KEEP_USAGE_DAYS: days('90').describe('Days that recorded usage is kept.'),
  REGISTRY_MAX_OPERATIONS: z
    .string()
    .regex(/^[1-9]\d{0,6}$/, 'must be a whole number above 0')
    .default('20000')
    .transform(Number)
    .describe(
      'Maximum number of recorded operations of a variant. Of the others only coordinates are counted.',
    ),
  REGISTRY_CONSOLE_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe('Address of the console of a router that follows this registry, for links to checks.'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level of log lines.'),
});

export type RegistrySettings = {
  readonly host: string;
  /** 0 selects a free port. */
  readonly port: number;
  readonly database: DatabaseLocation;
  /** PEM text; null for a key that the registry creates. */
  readonly signingKey: string | null;
  readonly maxBodyBytes: number;
  readonly maxSdlBytes: number;
  readonly keepDays: { readonly launches: number; readonly checks: number; readonly usage: number };
  /** Maximum number of recorded operations of a variant. */
  readonly maxOperations: number;
  /** Address of a router's console; null if it is not known. */
  readonly consoleUrl: string | null;
  readonly logLevel: string;
};

/** Reads the settings of the registry. @throws {StartupError} that names all invalid variables */
export function readRegistrySettings(
  environment: Readonly<Record<string, string | undefined>>,
): RegistrySettings {
  const result = environmentSchema.safeParse(withFiles(environment));
  if (!result.success) {
    const problems = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
    throw new StartupError(`The settings of the registry are wrong: ${problems.join('; ')}.`);
  }
  const values = result.data;
  return {
    host: values.HOST,
    port: values.PORT,
    database: locationOf(values),
    signingKey: values.REGISTRY_SIGNING_KEY ?? null,
    maxBodyBytes: values.REGISTRY_MAX_BODY_BYTES,
    maxSdlBytes: values.REGISTRY_MAX_SDL_BYTES,
    keepDays: {
      launches: values.REGISTRY_KEEP_LAUNCH_DAYS,
      checks: values.REGISTRY_KEEP_CHECK_DAYS,
      usage: values.REGISTRY_KEEP_USAGE_DAYS,
    },
    maxOperations: values.REGISTRY_MAX_OPERATIONS,
    consoleUrl: values.REGISTRY_CONSOLE_URL ?? null,
    logLevel: values.LOG_LEVEL,
  };
}

const SCHEMA = 'registry';

function locationOf({ DATABASE_URL, DATA_DIR }: z.output<typeof environmentSchema>): DatabaseLocation {
  return DATABASE_URL === undefined
    ? { kind: 'folder', schema: SCHEMA, path: join(DATA_DIR, SCHEMA), templateDir: DATA_DIR }
    : { kind: 'postgres', schema: SCHEMA, url: DATABASE_URL };
}

/** Reads `NAME_FILE` for each variable that is not set. An empty variable (`PORT=`) means unset. */
function withFiles(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(environmentSchema.shape)) {
    const value = environment[name] || readVariableFile(`${name}_FILE`, environment[`${name}_FILE`]);
    if (value) values[name] = value;
  }
  return values;
}

function readVariableFile(name: string, path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new StartupError(`The settings of the registry are wrong: ${name}: ${reasonOf(error)}.`);
  }
}
