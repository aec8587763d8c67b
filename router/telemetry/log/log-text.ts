/**
 * Matches characters that could change what a terminal shows: controls (C0, DEL, C1), line separators, and
 * characters that reverse the direction of text.
 */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
/** Matches text whose JSON is the same text between quotes, because no character needs to be escaped. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e\u00a0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\uffff]*$/;

/** Replaces the characters of a text that could change what a terminal shows. */
export function withoutControls(text: string, replacement = '\ufffd'): string {
  return PLAIN.test(text) ? text : text.replaceAll(UNSAFE, replacement);
}

/** Returns a text that is safe to log: without control characters, cut off after `maxLength` characters. */
export function cleanText(text: string, maxLength: number): string {
  return withoutControls(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

/** Returns the JSON of a text that a client has chosen, without control characters. */
export function quoteClean(text: string, maxLength: number): string {
  return `"${escapeClean(text, maxLength)}"`;
}

/** Shortens a text, replaces its control characters, and returns its JSON without the quotes. */
export function escapeClean(text: string, maxLength: number): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return PLAIN.test(short) ? short : escapeJson(short.replaceAll(UNSAFE, '\ufffd'));
}

/** Returns the JSON of a text without its quotes. */
export function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Returns a number with at most three decimals, because measured durations have up to thirteen. */
export function roundTo3(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
