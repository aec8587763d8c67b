import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { DatabaseLocation } from '../../database/database.ts';
import type { IdentityKey } from './sign.ts';
import { reasonOf, StartupError } from '../../database/startup-error.ts';

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

/** PEM texts. */
export type TlsSettings = {
  readonly cert: string;
  readonly key: string;
  /** CA certificates that sign the certificates of callers and of called services. */
  readonly ca: string | null;
};

/** Ports of the shop's subgraphs without `PORT`; other subgraphs need it. */
const defaultPorts = new Map(
  ['order', 'product', 'user', 'shipping', 'inventory'].map((name, index) => [name, 4001 + index]),
);

const portRule = 'must be 0 to 65535';

const httpUrl = z.url({ protocol: /^https?$/ }).optional();

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
  METRICS_FROM: z.enum(['loopback', 'any']).default('loopback'),
  DEMO_LOGINS: z.enum(['true', 'false']).default('false'),
  TLS_CERT: z.string().optional(),
  TLS_KEY: z.string().optional(),
  TLS_CA: z.string().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl,
  OTEL_SDK_DISABLED: z.string().optional(),
  OTEL_TRACES_EXPORTER: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

type Environment = z.output<typeof environmentSchema>;

export type Settings = Omit<ReturnType<typeof readSettings>, 'logLevel'> & { readonly logLevel: string };

/** Reads the settings of a subgraph. @throws {StartupError} that names all invalid variables */
export function readSettings(
  name: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
) {
  // An empty variable (`REDIS_URL=`) means unset, as in compose files and shells.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = environmentSchema.safeParse(given);
  if (!result.success) {
    throw wrong(
      name,
      result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; '),
    );
  }
  const values = result.data;
  const ids = [...values.IDENTITY_KEYS, ...values.SERVICE_KEYS].map(({ id }) => id);
  const repeated = ids.find((id, index) => ids.indexOf(id) < index);
  if (repeated !== undefined)
    throw wrong(name, `IDENTITY_KEYS and SERVICE_KEYS have two keys with the id "${repeated}"`);
  const port = values.PORT ?? defaultPorts.get(name);
  if (port === undefined) throw wrong(name, 'PORT is required');
  return {
    /** Name of the subgraph in supergraph.yaml. */
    name,
    host: values.HOST,
    /** 0 selects a free port. */
    port,
    database: databaseLocation(name, values),
    /** Keys of the routers. */
    identityKeys: values.IDENTITY_KEYS,
    /** Keys of services; this subgraph signs its own calls with the first of its own. */
    serviceKeys: values.SERVICE_KEYS,
    /** Issuer of accepted users; the user subgraph issues tokens under this name. */
    issuerUrl: values.ISSUER_URL,
    redisUrl: values.REDIS_URL ?? null,
    productUrl: values.PRODUCT_URL,
    inventoryUrl: values.INVENTORY_URL,
    shippingUrl: values.SHIPPING_URL,
    /** Limits of the customers' orders by tier; the first applies to users of any other tier, too. */
    orderLimits: values.ORDER_LIMITS,
    /** Milliseconds after which an order without a shipment is cancelled and its stock released. */
    orderExpiryMs: values.ORDER_EXPIRY_HOURS * 3_600_000,
    /** Whether demo users, including an administrator, can log in with the published password. */
    demoLogins: values.DEMO_LOGINS === 'true',
    /** Hosts that may read `/metrics`, which need no signature. */
    metricsFrom: values.METRICS_FROM,
    logLevel: values.LOG_LEVEL,
    /** URL of the OTLP endpoint that spans are sent to; null means none. */
    spansUrl: spansUrl(values),
    /** Null means HTTP. */
    tls: readTls(name, values),
  };
}

function spansUrl({
  OTEL_EXPORTER_OTLP_ENDPOINT: base,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own,
  OTEL_SDK_DISABLED: isDisabled,
  OTEL_TRACES_EXPORTER: exporter,
}: Environment): string | null {
  if (isDisabled?.toLowerCase() === 'true' || exporter === 'none') return null;
  if (own !== undefined || base === undefined) return own ?? null;
  return `${base.replace(/\/$/, '')}/v1/traces`;
}

function wrong(name: string, problem: string): StartupError {
  return new StartupError(`The settings of ${name} are wrong: ${problem}.`);
}

function readTls(name: string, { TLS_CERT, TLS_KEY, TLS_CA }: Environment): TlsSettings | null {
  const paths = [TLS_CERT, TLS_KEY, TLS_CA].filter((path) => path !== undefined);
  if (paths.length === 0) return null;
  if (TLS_CERT === undefined || TLS_KEY === undefined) throw wrong(name, 'TLS needs TLS_CERT and TLS_KEY');
  const ca = TLS_CA === undefined ? null : readPem(name, TLS_CA);
  const tls = { cert: readPem(name, TLS_CERT), key: readPem(name, TLS_KEY), ca };
  try {
    createSecureContext({ ...tls, ca: ca ?? undefined });
    return tls;
  } catch (error) {
    throw wrong(name, `${paths.join(', ')} cannot be used (${reasonOf(error)})`);
  }
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(name, `cannot read ${path} (${reasonOf(error)})`);
  }
}

function databaseLocation(name: string, { DATABASE_URL, DATA_DIR }: Environment): DatabaseLocation {
  return DATABASE_URL === undefined
    ? { kind: 'folder', schema: name, path: join(DATA_DIR, name), templateDir: DATA_DIR }
    : { kind: 'postgres', schema: name, url: DATABASE_URL };
}

/** Returns the subgraph's own key for calls to other services. @throws {StartupError} if there is none */
export function ownServiceKey({ name, serviceKeys }: Pick<Settings, 'name' | 'serviceKeys'>): IdentityKey {
  const own = serviceKeys.find(({ service }) => service === name);
  if (own !== undefined) return own;
  throw wrong(name, `SERVICE_KEYS needs "${name}:secret", as ${name} calls other services`);
}

function parseServiceKeys(text: string, context: z.RefinementCtx): readonly ServiceKey[] {
  return parseIdentityKeys(text, context).map((key) => ({ ...key, service: key.id.replace(/\..*$/, '') }));
}

function parseIdentityKeys(text: string, context: z.RefinementCtx): readonly IdentityKey[] {
  const keys = text.split(',').map((entry) => {
    const separator = entry.indexOf(':');
    return { id: entry.slice(0, separator).trim(), secret: entry.slice(separator + 1).trim() };
  });
  if (keys.every((key) => /^[\w.-]{1,64}$/.test(key.id) && key.secret.length >= 32)) return keys;
  context.addIssue('must be "kid:secret[,kid2:secret2]" with secrets of at least 32 characters');
  return z.NEVER;
}

function parseOrderLimits(text: string, context: z.RefinementCtx): readonly [OrderLimit, ...OrderLimit[]] {
  const matches = text.split(',').map((entry) => /^([^:]+):(\d{1,9}):(\d{1,9})$/.exec(entry.trim()));
  const [first, ...others] = matches.flatMap((match) => {
    const [, tier = '', openOrders, pieces] = match ?? [];
    return match === null ? [] : [{ tier, openOrders: Number(openOrders), pieces: Number(pieces) }];
  });
  if (first !== undefined && others.length === matches.length - 1) return [first, ...others];
  context.addIssue('must be "TIER:open orders:pieces per order[,TIER2:…]", for example "FREE:5:100"');
  return z.NEVER;
}
