import { z } from 'zod';

/**
 * Marks keys of the configuration that can change without a restart. The mark applies to nested keys too.
 * `mergeConfig` and the generated documentation read it.
 */
export const RELOADABLE = { 'x-reloadable': true };
/** Marks keys that change only after a restart, although a parent key is marked as reloadable. */
export const NEEDS_RESTART = { 'x-reloadable': false };

export const port = z.int().min(0).max(65535);
export const ms = z.int().min(1).max(3_600_000);
export const count = z.int().min(1);
export const httpUrl = z.url({ protocol: /^https?$/ });
