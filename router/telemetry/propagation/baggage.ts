import { createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { TOKEN } from '../../shared/http/header-syntax.ts';
import type { HeaderPropagator } from './header-propagator.ts';

/** Maximum numbers of members and characters that are passed on (https://www.w3.org/TR/baggage/#limits). */
const MOST_MEMBERS = 64;
const LONGEST = 8_192;

// A percent sign has to begin an escape sequence: some receivers fail at any other percent sign.
const VALUE = '(?:%[\\dA-Fa-f]{2}|[!#$&-+\\--:<-\\[\\]-~])*';
const PROPERTY = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*${VALUE})?`;
const MEMBER = new RegExp(`^${TOKEN}[ \\t]*=[ \\t]*${VALUE}(?:${PROPERTY})*$`);

const BAGGAGE = createContextKey('tributary baggage');

/**
 * The header `baggage` (https://www.w3.org/TR/baggage/). Its members are passed on as they are. Malformed
 * members are dropped, and the last ones of a header that is too long.
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

/** Returns the baggage that is passed on to subgraphs; undefined if there is none. */
export function baggageOf(context: Context): string | undefined {
  const baggage = context.getValue(BAGGAGE);
  return typeof baggage === 'string' ? baggage : undefined;
}

function readBaggage(header: string): string {
  // Members beyond the limit are not even split off: the header may have up to 16 KiB.
  const members = header.split(',', MOST_MEMBERS * 2).map((text) => text.trim());
  let baggage = '';
  for (const member of members.filter((text) => MEMBER.test(text)).slice(0, MOST_MEMBERS)) {
    const longer = baggage === '' ? member : `${baggage},${member}`;
    if (longer.length > LONGEST) break;
    baggage = longer;
  }
  return baggage;
}
