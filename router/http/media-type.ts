import Negotiator from 'negotiator';
import { RouterError } from '../shared/errors.ts';
import type { MediaType } from '../request/client-request.ts';

/** What is answered in where nothing was chosen. */
export const JSON_TYPE: MediaType = { name: 'application/json', named: false };

const OFFERED = ['application/json', 'application/graphql-response+json'] as const;
const REMEMBERED = 256;

/**
 * Chooses the media type of the answer by the Accept header, after GraphQL over HTTP section 6.1; without one it is `application/json`.
 * The function returned throws NOT_ACCEPTABLE where nothing fits.
 */
export function createMediaTypeChoice(): (accept: string | undefined) => MediaType {
  const known = new Map<string, MediaType | undefined>();
  return (accept = '') => {
    let chosen = known.get(accept);
    if (chosen === undefined) {
      chosen = negotiate(accept);
      if (known.size >= REMEMBERED) known.clear();
      known.set(accept, chosen);
    }
    if (chosen === undefined) {
      throw new RouterError('NOT_ACCEPTABLE', `answers come as ${OFFERED.join(' or ')}`);
    }
    return chosen;
  };
}

// The specification's own example names the charset; to the negotiator that would be another media type.
const UTF_8 = /;\s*charset\s*=\s*"?utf-?8"?/gi;

const MULTIPART = /\bmultipart\//i;

function negotiate(header: string): MediaType | undefined {
  const accept = header.replaceAll(UTF_8, '');
  if (accept === '') return JSON_TYPE;
  const preferred = new Negotiator({ headers: { accept } }).mediaType([...OFFERED]);
  const name = OFFERED.find((offered) => offered === preferred);
  // A client of multipart responses reads the status before the body, so it needs one that says what happened.
  const isNamed = accept.toLowerCase().includes(name ?? '') && !MULTIPART.test(accept);
  return name === undefined ? undefined : { name, named: isNamed };
}
