import { createRouter as createWithParts } from './router.ts';
import type { Parts, Router } from './router.ts';
import type { Config } from './config/config-schema.ts';

export { loadConfig, parseConfig } from './config/config.ts';
export { ConfigError } from './config/yaml/read-yaml.ts';
export type { RequestTrace } from './request/request-trace.ts';
export type { Config, Router };

/**
 * Parts of a router that the program using this library may replace: environment variables, `fetch` and the
 * log.
 */
export type RouterOptions = Partial<Pick<Parts, 'env' | 'fetch' | 'log'>>;

/**
 * Starts a router in this process; disposing the returned object stops it. This module is the entry of the
 * npm package.
 * @throws {ConfigError} if the configuration names something that the supergraph does not have
 * @throws {Error} if a port is in use
 */
export const createRouter: (config: Config, options?: RouterOptions) => Promise<Router> = createWithParts;
