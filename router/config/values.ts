import { z } from 'zod';

export const port = z.int().min(0).max(65535);
export const ms = z.int().min(1).max(3_600_000);
export const count = z.int().min(1);
export const httpUrl = z.url({ protocol: /^https?$/ });
