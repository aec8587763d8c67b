import Negotiator from 'negotiator';
import { RouterError } from '../shared/errors.ts';
import type { MediaType } from '../request/client-request.ts';

/** Media type of a response if the Accept header of the request does not select one. */
export const JSON_TYPE: MediaType = { name: 'application/json', named: false };

const OFFERED = ['application/json', 'application/graphql-response+json'] as const;
const REMEMBERED = 256;

/**
 * Creates the function that selects the media type of a response from the Accept header (GraphQL over HTTP
 * section 6.1). The default is `application/json`. The function throws NOT_ACCEPTABLE if no type matches.
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
      throw new RouterError('NOT_ACCEPTABLE', `Accept must allow ${OFFERED.join(' or ')}`);
    }
    return chosen;
  };
}

// Matches the parameter `charset=utf-8`, which is removed from the Accept header before the library
// negotiator reads it. Negotiator would treat `application/json; charset=utf-8` as a media type that the
// router does not offer.
const UTF_8 = /;\s*charset\s*=\s*"?utf-?8"?/gi;

const MULTIPART = /\bmultipart\//i;

function negotiate(header: string): MediaType | undefined {
  const accept = header.replaceAll(UTF_8, '');
  if (accept === '') return JSON_TYPE;
  const preferred = new Negotiator({ headers: { accept } }).mediaType([...OFFERED]);
  const name = OFFERED.find((offered) => offered === preferred);
  // If Accept names `application/json`, the status for an invalid document or invalid variables is 200
  // (GraphQL over HTTP section 6.4.1). It is 4xx if Accept has only `*/*`. It is also 4xx if Accept has a
  // multipart type, because clients that accept multipart check the status before the body.
  const isNamed = accept.toLowerCase().includes(name ?? '') && !MULTIPART.test(accept);
  return name === undefined ? undefined : { name, named: isNamed };
}
