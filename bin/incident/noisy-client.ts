import type { Incident } from './incident.ts';
import { logIn } from './running-shop.ts';
import { startTraffic } from './traffic.ts';

const CLIENT = { name: 'stock-export', version: '0.9.1' };
const CUSTOMER = 'priya@shop.example';
// Only Linux has the other loopback addresses without configuration.
const ADDRESS = process.platform === 'linux' ? '127.0.0.66' : undefined;

const EXPORT = `query StockExport($after: String) { products(first: 50, after: $after) { edges { node {
  id sku name price { amount currency } category { name } stock { available warehouses { name available } }
} } } }`;

/** The incident in which one client sends many expensive requests, far more than its limit. */
export const NOISY_CLIENT: Incident = {
  name: 'noisy-client',
  summary: 'One client sends many expensive requests, far more than its limit allows.',
  start: async (shop) => {
    const token = await logIn(shop, CUSTOMER);
    const traffic = startTraffic({
      url: shop.url,
      client: CLIENT,
      burst: 8,
      everyMs: 100,
      // Another document each time, so that no request can share the execution of another.
      next: (index) => ({
        operationName: 'StockExport',
        query: EXPORT.replace('first: 50', `first: ${30 + (index % 20)}`),
        token,
      }),
      ...(ADDRESS !== undefined && { localAddress: ADDRESS }),
    });
    return {
      cause: `the client ${CLIENT.name} ${CLIENT.version} of ${CUSTOMER} (address ${ADDRESS ?? '127.0.0.1'}) sent 80 expensive requests per second`,
      [Symbol.asyncDispose]: () => traffic[Symbol.asyncDispose](),
    };
  },
};
