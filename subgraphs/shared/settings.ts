import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { DatabaseLocation } from './database.ts';
import type { IdentityKey } from './sign.ts';
import { reasonOf, StartupError } from './startup-error.ts';

export type Settings = {
  /** As in supergraph.yaml. */
  readonly name: string;
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
  readonly database: DatabaseLocation;
  /** Keys with which routers sign. */
  readonly identityKeys: readonly IdentityKey[];
  /** Keys with which services sign; this subgraph signs its own calls with the first of its own. */
  readonly serviceKeys: readonly ServiceKey[];
  /** Issuer of the users that are accepted; the user subgraph issues tokens under this name. */
  readonly issuerUrl: string;
  readonly redisUrl: string | null;
  readonly productUrl: string;
  readonly inventoryUrl: string;
  readonly shippingUrl: string;
  /** Limits of the customers' orders, by tier; the first is also that of users of any other tier. */
  readonly orderLimits: readonly [OrderLimit, ...OrderLimit[]];
  /** Milliseconds after which an order without a shipment is cancelled and its stock released. */
  readonly orderExpiryMs: number;
  /** Whether the demo users, an administrator among them, can log in with the published password. */
  readonly demoLogins: boolean;
  readonly logLevel: string;
  /** PEM texts; without them HTTP is spoken. */
  readonly tls: TlsSettings | null;
};

/** A key whose id is the name of its service, or that name, a dot and a version: `order`, `order.2`. */
export type ServiceKey = IdentityKey & { readonly service: string };

export type OrderLimit = {
  /** Tier in the user's token. */
  readonly tier: string;
  /** Maximum number of orders of one customer that are neither shipped nor cancelled. */
  readonly openOrders: number;
  /** Maximum number of pieces in one order, all products together. */
  readonly pieces: number;
};

export type TlsSettings = {
  readonly cert: string;
  readonly key: string;
  /** The authorities whose certificates callers must show, and that called services are checked against. */
  readonly ca: string | null;
};

/** Where the shop's own subgraphs listen when they are started by hand; any other needs `PORT`. */
const defaultPorts: ReadonlyMap<string, number> = new Map([
  ['order', 4001],
  ['product', 4002],
  ['user', 4003],
  ['shipping', 4004],
  ['inventory', 4005],
]);

const portRule = 'must be 0 to 65535';

const environmentSchema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, portRule)
    .transform(Number)
    .refine((port) => port <= 65_535, portRule)
    .optional(),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATA_DIR: z.string().default('.data'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  IDENTITY_KEYS: z
    .string({ error: 'is required: "kid:secret", where the secret has at least 32 characters' })
    .transform(parseIdentityKeys),
  SERVICE_KEYS: z.string().transform(parseServiceKeys).default([]),
  ISSUER_URL: z.url().default('http://127.0.0.1:4003'),
  PRODUCT_URL: z.url().default('http://127.0.0.1:4002/graphql'),
  INVENTORY_URL: z.url().default('http://127.0.0.1:4005/graphql'),
  SHIPPING_URL: z.url().default('http://127.0.0.1:4004/graphql'),
  ORDER_EXPIRY_HOURS: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a number of hours, 1 to 999999')
    .default('168')
    .transform(Number),
  ORDER_LIMITS: z
    .string()
    .default('FREE:5:100,PREMIUM:20:500,ENTERPRISE:200:50000')
    .transform(parseOrderLimits),
  DEMO_LOGINS: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  TLS_CERT: z.string().optional(),
  TLS_KEY: z.string().optional(),
  TLS_CA: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** The only reader of the environment; reports every bad variable at once. */
export function readSettings(
  name: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const result = environmentSchema.safeParse(withoutEmpty(environment));
  if (!result.success) {
    throw new StartupError(`The settings of ${name} are wrong: ${describeIssues(result.error)}.`);
  }
  const values = result.data;
  const port = values.PORT ?? defaultPorts.get(name);
  if (port === undefined) throw new StartupError(`The settings of ${name} are wrong: PORT is required.`);
  return {
    name,
    host: values.HOST,
    port,
    database: databaseLocation(name, values.DATABASE_URL, values.DATA_DIR),
    identityKeys: values.IDENTITY_KEYS,
    serviceKeys: values.SERVICE_KEYS,
    issuerUrl: values.ISSUER_URL,
    redisUrl: values.REDIS_URL ?? null,
    productUrl: values.PRODUCT_URL,
    inventoryUrl: values.INVENTORY_URL,
    shippingUrl: values.SHIPPING_URL,
    orderLimits: values.ORDER_LIMITS,
    orderExpiryMs: values.ORDER_EXPIRY_HOURS * 3_600_000,
    demoLogins: values.DEMO_LOGINS,
    logLevel: values.LOG_LEVEL,
    tls: readTls(name, values),
  };
}

type TlsPaths = { TLS_CERT?: string | undefined; TLS_KEY?: string | undefined; TLS_CA?: string | undefined };

function readTls(name: string, { TLS_CERT, TLS_KEY, TLS_CA }: TlsPaths): TlsSettings | null {
  if (TLS_CERT === undefined && TLS_KEY === undefined && TLS_CA === undefined) return null;
  if (TLS_CERT === undefined || TLS_KEY === undefined) {
    throw new StartupError(`The settings of ${name} are wrong: TLS needs TLS_CERT and TLS_KEY.`);
  }
  const tls = {
    cert: readPem(name, TLS_CERT),
    key: readPem(name, TLS_KEY),
    ca: TLS_CA === undefined ? null : readPem(name, TLS_CA),
  };
  try {
    createSecureContext({ ...tls, ca: tls.ca ?? undefined });
  } catch (error) {
    const paths = [TLS_CERT, TLS_KEY, TLS_CA].filter((path) => path !== undefined).join(', ');
    throw new StartupError(
      `The settings of ${name} are wrong: ${paths} cannot be used (${reasonOf(error)}).`,
    );
  }
  return tls;
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartupError(`The settings of ${name} are wrong: cannot read ${path} (${reasonOf(error)}).`);
  }
}

function databaseLocation(name: string, databaseUrl: string | undefined, dataDir: string): DatabaseLocation {
  return databaseUrl === undefined
    ? { kind: 'folder', schema: name, path: join(dataDir, name), templateDir: dataDir }
    : { kind: 'postgres', schema: name, url: databaseUrl };
}

/** @throws {StartupError} when the subgraph has no key of its own, although it calls other services. */
export function ownServiceKey({ name, serviceKeys }: Settings): IdentityKey {
  const own = serviceKeys.find(({ service }) => service === name);
  if (own !== undefined) return own;
  throw new StartupError(
    `The settings of ${name} are wrong: SERVICE_KEYS needs "${name}:secret", as ${name} calls other services.`,
  );
}

function parseServiceKeys(text: string, context: z.RefinementCtx): ServiceKey[] {
  return parseIdentityKeys(text, context).map((key) => ({ ...key, service: key.id.replace(/\..*$/, '') }));
}

function parseIdentityKeys(text: string, context: z.RefinementCtx): IdentityKey[] {
  const keys = text.split(',').map((entry) => {
    const separator = entry.indexOf(':');
    return { id: entry.slice(0, separator).trim(), secret: entry.slice(separator + 1).trim() };
  });
  if (!keys.every((key) => /^[\w.-]{1,64}$/.test(key.id) && key.secret.length >= 32)) {
    context.addIssue('must be "kid:secret[,kid2:secret2]" with secrets of at least 32 characters');
    return z.NEVER;
  }
  return keys;
}

function parseOrderLimits(text: string, context: z.RefinementCtx): [OrderLimit, ...OrderLimit[]] {
  const limits = text.split(',').map((entry) => /^([^:]+):(\d{1,9}):(\d{1,9})$/.exec(entry.trim()));
  const [first, ...others] = limits.flatMap((match) => (match === null ? [] : [orderLimit(match)]));
  if (first !== undefined && others.length === limits.length - 1) return [first, ...others];
  context.addIssue('must be "TIER:open orders:pieces per order[,TIER2:…]", for example "FREE:5:100"');
  return z.NEVER;
}

function orderLimit([, tier = '', openOrders, pieces]: RegExpExecArray): OrderLimit {
  return { tier, openOrders: Number(openOrders), pieces: Number(pieces) };
}

/** An empty variable (`REDIS_URL=`) means unset, as in compose files and shells. */
function withoutEmpty(environment: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ');
}
