import { z } from 'zod';
import { SECRET } from '../yaml/secret.ts';
import { closestName } from '../../shared/closest-name.ts';
import { LOG_FIELD_NAMES, REQUEST_FIELD_NAMES } from './log-fields.ts';

/**
 * Fields that cannot be redacted, because log tools need them to find, sort and filter lines.
 */
const UNREDACTED = new Set(['time', 'level', 'msg', 'stream']);
/**
 * Matches the names that log fields may be renamed to, such as `@timestamp` and `http.response.status_code`.
 */
const KEY = /^(?!__proto__$)[\w@.-]{1,64}$/;

const count = z.int().min(1);

const requestFields = z.array(
  z.enum(REQUEST_FIELD_NAMES, { error: ({ input }) => unknownField(input, REQUEST_FIELD_NAMES) }),
);

/**
 * How the value of a log field is redacted: replaced by a fixed text, replaced by a keyed hash, or reduced to
 * the network of an address.
 */
const redaction = z.enum(['mask', 'hash', 'truncate']);

export const logs = z
  .strictObject({
    fields: z
      .strictObject({
        include: requestFields
          .optional()
          .describe(
            'Only these fields are in the line of a request ([list](logs.md#fields)). Default: all that have a value.',
          ),
        exclude: requestFields.default([]).describe('These fields are not in the line of a request.'),
        rename: z
          .record(
            z.string(),
            z.string().regex(KEY, 'must be 1 to 64 letters, digits or one of `@`, `_`, `.`, `-`'),
          )
          .default({})
          .describe("Names of fields in the log, in all lines, such as `{ time: '@timestamp' }`."),
      })
      .prefault({}),
    redact: z
      .record(z.string(), redaction)
      .default({})
      .describe(
        'Fields whose values are redacted in all lines: `mask` writes `***`, `hash` a keyed hash, and `truncate` the network of an address (`/24` or `/48`).',
      ),
    hashKey: z
      .string()
      .min(16)
      .optional()
      .describe('Secret of `hash` in `redact`. Routers with the same key write equal hashes.')
      .meta(SECRET),
    sampleHealth: z
      .int()
      .min(0)
      .default(100)
      .describe(
        'One of so many health checks and CORS preflights is logged, and the first after each change of their status. 0 logs none.',
      ),
    rejectionsPerMinute: count
      .default(60)
      .describe(
        'Maximum number of lines a minute for rejections of one kind from one caller (rate limit, overload, unknown path, malformed HTTP). One more line has the number of the others.',
      ),
    bufferBytes: z
      .int()
      .min(65_536)
      .default(8_388_608)
      .describe(
        'Maximum number of bytes of the log that wait in a process because the reader of stdout does not read. Further lines are dropped, and counted by `tributary_log_lines_dropped_total`.',
      ),
    audit: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Log failed authentication and denied fields as lines with `stream: "audit"`.'),
        file: z
          .string()
          .min(1)
          .optional()
          .describe('File that receives the audit lines as JSON. Default: the log.'),
        perAddressPerMinute: count
          .default(10)
          .describe(
            'Maximum number of audit lines a minute for one address or user. One more line has the number of the others.',
          ),
      })
      .prefault({}),
  })
  .superRefine(({ fields: { rename }, redact, hashKey }, context) => {
    const report = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    for (const name of Object.keys(rename))
      if (!isField(name)) report(['fields', 'rename', name], unknownField(name, LOG_FIELD_NAMES));
    for (const [name, how] of Object.entries(redact)) {
      if (!isField(name)) report(['redact', name], unknownField(name, LOG_FIELD_NAMES));
      if (UNREDACTED.has(name)) report(['redact', name], 'this field cannot be redacted');
      if (how === 'hash' && hashKey === undefined)
        report(['redact', name], '`hash` requires `telemetry.logs.hashKey`');
      if (how === 'truncate' && name !== 'clientIp')
        report(['redact', name], '`truncate` is for `clientIp` only');
    }
    for (const name of equalNames(rename)) report(['fields', 'rename'], `two fields have the name ${name}`);
  })
  .prefault({});

function isField(name: string): boolean {
  return LOG_FIELD_NAMES.some((known) => known === name);
}

function unknownField(name: unknown, known: readonly string[]): string {
  const similar = typeof name === 'string' ? closestName(name, known) : undefined;
  return similar === undefined
    ? `unknown log field; known fields: ${known.join(', ')}`
    : `unknown log field, did you mean ${similar}? Known fields: ${known.join(', ')}`;
}

/** Returns the names that two fields would share in the log after renaming. */
function equalNames(rename: Readonly<Record<string, string>>): readonly string[] {
  const names = LOG_FIELD_NAMES.map((field) => (Object.hasOwn(rename, field) ? rename[field] : field));
  return [...new Set(names.filter((name, index) => name !== undefined && names.indexOf(name) < index))].map(
    String,
  );
}
