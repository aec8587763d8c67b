import { z } from 'zod';
import { SECRET } from '../yaml/secret.ts';

const count = z.int().min(1);

/** Schema of the key `console` in `router.yaml`: the web page for operators. */
export const consoleSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Serve the console: on the admin port, and in development on `/` of the client port.'),
    role: z
      .union([z.string().min(1), z.literal(false)])
      .optional()
      .describe(
        'Role that a token must have to use the console of the admin port, its commands, `/state` and `/usage`; `false` requires no token. Default: `admin`, or `false` if the admin port listens on a loopback address.',
      ),
    hosts: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Host names under which browsers reach the console, besides IP addresses, `localhost` and the configured host. They are checked where no token is required, because of DNS rebinding.',
      ),
    demoAccounts: z
      .array(
        z.strictObject({
          email: z.string().min(1).describe('Email address of the account.'),
          password: z.string().min(1).describe('Password of the account.').meta(SECRET),
          role: z.string().min(1).describe('Role of the account, as the console shows it.'),
        }),
      )
      .default([])
      .describe('Accounts that the console offers for logging in. Development only.'),
    slowMs: z
      .int()
      .min(1)
      .max(3_600_000)
      .default(500)
      .describe('Duration from which a request is kept as a slow one.'),
    keepRequests: count
      .max(10_000)
      .default(500)
      .describe(
        'Maximum number of recent requests that each process keeps: up to a quarter each of failed, degraded, slow and sampled ones.',
      ),
    keepBytes: count.default(16_777_216).describe('Maximum memory for recent requests in each process.'),
  })
  .prefault({});
