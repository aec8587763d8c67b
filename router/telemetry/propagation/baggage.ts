import { createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { TOKEN } from '../../shared/http/header-syntax.ts';
import type { HeaderPropagator } from './header-propagator.ts';

/**
 * Maximum numbers of baggage members and characters that are passed on
 * (https://www.w3.org/TR/baggage/#limits).
 */
const MOST_MEMBERS = 64;
const LONGEST = 8_192;

// Matches the value of a baggage member. A percent sign is allowed only in an escape such as `%20`, because
// some receivers fail at any other percent sign.
const VALUE = '(?:%[\\dA-Fa-f]{2}|[!#$&-+\\--:<-\\[\\]-~])*';
const PROPERTY = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*${VALUE})?`;
const MEMBER = new RegExp(`^${TOKEN}[ \\t]*=[ \\t]*${VALUE}(?:${PROPERTY})*$`);

const BAGGAGE = createContextKey('tributary baggage');

/**
 * Propagator for the header `baggage` (https://www.w3.org/TR/baggage/). Its members are passed on unchanged.
 * Malformed members are dropped; if the header is too long, its last members are dropped.
 */
export const baggagePropagator: HeaderPropagator = {
  fields: () => ['baggage'],

  extract(context, headers, getter) {
    const header = getter.get(headers, 'baggage');
    if (header === undefined) return context;
    const baggage = readBaggage(Array.isArray(header) ? header.join(',') : header);
    return baggage === '' ? context : context.setValue(BAGGAGE, baggage);
  },

  inject(context, headers, setter) {
    const baggage = baggageOf(context);
    if (baggage !== undefined) setter.set(headers, 'baggage', baggage);
  },
};

/** Returns the value of the header `baggage` that is passed on to subgraphs; undefined if there is none. */
export function baggageOf(context: Context): string | undefined {
  const baggage = context.getValue(BAGGAGE);
  return typeof baggage === 'string' ? baggage : undefined;
}

function readBaggage(header: string): string {
  // Splitting stops at twice the maximum number of members, because a header of 16 KiB may have thousands of
  // malformed members.
  const members = header.split(',', MOST_MEMBERS * 2).map((text) => text.trim());
  let baggage = '';
  for (const member of members.filter((text) => MEMBER.test(text)).slice(0, MOST_MEMBERS)) {
    const longer = baggage === '' ? member : `${baggage},${member}`;
    if (longer.length > LONGEST) break;
    baggage = longer;
  }
  return baggage;
}
