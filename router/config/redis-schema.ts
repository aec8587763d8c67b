import { z } from 'zod';
import { ms } from './values.ts';

export const redis = z
  .strictObject({
    url: z
      .url({ protocol: /^rediss?$/ })
      .optional()
      .describe(
        'Redis shared by all routers. `REDIS_URL` overrides it. Without it, state stays in this process.',
      ),
    commandTimeoutMs: ms.default(40).describe('Timeout of a command. After a timeout, Redis counts as down.'),
    keyPrefix: z.string().default('tributary:').describe('Prefix of every key.'),
  })
  .prefault({});
