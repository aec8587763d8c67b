import { describe, expect, test } from 'vitest';
import { ownServiceKey, readSettings } from '../../subgraphs/shared/settings.ts';

const secret = 'x'.repeat(32);

describe('the settings of a subgraph', () => {
  test('require only the identity keys', () => {
    expect(readSettings('order', { IDENTITY_KEYS: `k1:${secret}`, REDIS_URL: '' })).toEqual({
      name: 'order',
      host: '127.0.0.1',
      port: 4001,
      database: { kind: 'folder', schema: 'order', path: '.data/order', templateDir: '.data' },
      identityKeys: [{ id: 'k1', secret }],
      serviceKeys: [],
      issuerUrl: 'http://127.0.0.1:4003',
      redisUrl: null,
      productUrl: 'http://127.0.0.1:4002/graphql',
      inventoryUrl: 'http://127.0.0.1:4005/graphql',
      shippingUrl: 'http://127.0.0.1:4004/graphql',
      orderExpiryMs: 604_800_000,
      orderLimits: [
        { tier: 'FREE', openOrders: 5, pieces: 100 },
        { tier: 'PREMIUM', openOrders: 20, pieces: 500 },
        { tier: 'ENTERPRISE', openOrders: 200, pieces: 50_000 },
      ],
      demoLogins: false,
      metricsFrom: 'loopback',
      logLevel: 'info',
      spansUrl: null,
      tls: null,
    });
  });

  test('use a schema of its own for each subgraph in a real Postgres', () => {
    const url = 'postgres://shop@db/shop';
    const { database } = readSettings('user', { IDENTITY_KEYS: `k1:${secret}`, DATABASE_URL: url });
    expect(database).toEqual({ kind: 'postgres', schema: 'user', url });
  });

  test('accept several keys, of which the first signs', () => {
    const { identityKeys } = readSettings('user', { IDENTITY_KEYS: `new:${secret}:y, old:${secret}` });
    expect(identityKeys).toEqual([
      { id: 'new', secret: `${secret}:y` },
      { id: 'old', secret },
    ]);
  });

  test('read the keys of services, each named by its key id', () => {
    const settings = readSettings('order', {
      IDENTITY_KEYS: `router:${secret}`,
      SERVICE_KEYS: `order.2:${secret}2,order:${secret},billing-run:${secret}`,
    });
    expect(settings.serviceKeys).toEqual([
      { id: 'order.2', service: 'order', secret: `${secret}2` },
      { id: 'order', service: 'order', secret },
      { id: 'billing-run', service: 'billing-run', secret },
    ]);
    expect(ownServiceKey(settings).id).toBe('order.2');
    expect(() => ownServiceKey({ ...settings, name: 'shipping' })).toThrow(
      'The settings of shipping are wrong: SERVICE_KEYS needs "shipping:secret", as shipping calls other services.',
    );
  });

  test.each([
    { IDENTITY_KEYS: `k1:${secret},k1:${secret}2` },
    { IDENTITY_KEYS: `k1:${secret}`, SERVICE_KEYS: `order:${secret},k1:${secret}2` },
  ])('do not accept two keys with one id', (variables) => {
    expect(() => readSettings('order', variables)).toThrow(
      'The settings of order are wrong: IDENTITY_KEYS and SERVICE_KEYS have two keys with the id "k1".',
    );
  });

  test.each([
    [{}, null],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces/spans' }, 'http://traces/spans'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, null],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, null],
  ])('send spans as the standard variables %o define', (variables, expected) => {
    const settings = readSettings('order', { IDENTITY_KEYS: `k1:${secret}`, ...variables });
    expect(settings.spansUrl).toBe(expected);
  });

  test('are rejected all at once, in one sentence without the secrets', () => {
    const wrong = {
      IDENTITY_KEYS: 'k1:short',
      PORT: '70000',
      DATABASE_URL: 'mysql://db/shop',
      LOG_LEVEL: 'loud',
      ORDER_EXPIRY_HOURS: '0',
      ORDER_LIMITS: 'FREE:5:100,PREMIUM:many:500',
    };
    expect(() => readSettings('user', wrong)).toThrow(
      expect.objectContaining({
        name: 'StartupError',
        message: expect.stringMatching(
          /^(?=.*PORT)(?=.*DATABASE_URL)(?=.*IDENTITY_KEYS)(?=.*LOG_LEVEL)(?=.*ORDER_LIMITS)(?=.*ORDER_EXPIRY_HOURS)(?!.*short)/,
        ),
      }),
    );
  });
});
