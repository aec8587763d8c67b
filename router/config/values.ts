import { z } from 'zod';

/**
 * Marks keys of the configuration that a running process can change; nested keys inherit the mark.
 * `mergeConfig` and the table of keys in the documentation read it.
 */
export const RELOADABLE = { 'x-reloadable': true };
/** Marks a key within a reloadable section that needs a restart. */
export const NEEDS_RESTART = { 'x-reloadable': false };

export const port = z.int().min(0).max(65535);
export const ms = z.int().min(1).max(3_600_000);
export const count = z.int().min(1);
export const httpUrl = z.url({ protocol: /^https?$/ });
