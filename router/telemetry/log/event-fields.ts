import type { Config } from '../../config/config-schema.ts';
import { cleanText, roundTo3 } from './log-text.ts';
import { createRedactions } from './redaction.ts';

/** Fields of a log line, by name. */
export type EventFields = Readonly<Record<string, unknown>>;

/** Maximum length in characters of a text in a log line; some texts are chosen by clients. */
const MAX_TEXT = 4_096;

/**
 * Creates the function that prepares the fields of a log line: it renames and redacts them as configured,
 * removes control characters, and rounds numbers. Lines of requests do not use it; they have a faster writer.
 */
export function createEventFields(logs: Config['telemetry']['logs']): (event: EventFields) => EventFields {
  const { rename } = logs.fields;
  const redactions = createRedactions(logs);

  function valueOf(key: string, value: unknown): unknown {
    const redact = redactions.get(key);
    if (redact !== undefined && value !== undefined)
      return redact(typeof value === 'string' ? value : JSON.stringify(value));
    if (typeof value === 'string') return cleanText(value, MAX_TEXT);
    return typeof value === 'number' && !Number.isInteger(value) ? roundTo3(value) : value;
  }

  return (event) => {
    const result: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(event)) {
      // `__proto__` is skipped, because assigning to it would change the prototype instead of adding a field.
      if (key === '__proto__') continue;
      result[Object.hasOwn(rename, key) ? String(rename[key]) : key] = valueOf(key, value);
    }
    return result;
  };
}
