import { z } from 'zod';
import { ms } from './values.ts';

export const redis = z
  .strictObject({
    url: z
      .url({ protocol: /^rediss?$/ })
      .optional()
      .describe('Redis shared by all routers. `REDIS_URL` overrides it. None: state stays in this process.'),
    commandTimeoutMs: ms.default(40).describe('Time for one command; then Redis counts as gone.'),
    keyPrefix: z.string().default('tributary:').describe('Prefix of every key.'),
  })
  .prefault({});
