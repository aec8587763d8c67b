import { isRecord } from '../../router/shared/is-record.ts';
import type { Evidence } from './responses.ts';
import type { Exchange, Sighting } from './history.ts';
import { CALLERS } from './operations.ts';
import type { Violation } from './violations.ts';

/**
 * Checks that subgraphs receive the identity of the caller and that responses contain data of the caller
 * only.
 */
export function checkIdentities(evidence: Evidence): readonly Violation[] {
  const received = evidence.exchanges.flatMap((exchange) =>
    evidence.seenOf(exchange.id).flatMap((sighting) => identityFaults(exchange, sighting)),
  );
  const leaked = evidence.received.flatMap(({ id, operation, response, outcome }) => {
    const own = operation.caller;
    const isOwn = (person: Person) => person.id === own?.id || person.id === undefined;
    const foreign = peopleIn(response?.data).find((person) => !isOwn(person));
    const strangers = CALLERS.filter(({ id: other }) => other !== own?.id);
    const named = strangers.find(({ email }) => outcome.body.includes(email));
    const found = foreign === undefined ? named?.email : foreign.id;
    return found === undefined
      ? []
      : [{ id, detail: `the response shows ${found} to ${own?.id ?? 'anonymous'}` }];
  });
  return [...received, ...leaked].map(({ id, detail }) => ({
    invariant: 'identity',
    detail,
    requestId: id,
  }));
}

type Fault = { readonly id: string; readonly detail: string };

function identityFaults({ id, operation }: Exchange, sighting: Sighting): readonly Fault[] {
  const { subgraph, way, userId, service, roles } = sighting;
  const name = operation.caller?.id ?? 'anonymous';
  const fault = (what: string) => [{ id, detail: `${subgraph} received ${what} for a request of ${name}` }];
  if (sighting.isAuthorizationShown) return fault('the token');
  // A service calls other services as itself, never as the user.
  if (way === 'service')
    return service !== undefined && userId === undefined ? [] : fault(userId ?? 'anonymous');
  if (service !== undefined) return fault(`the service ${service}`);
  if (userId !== operation.caller?.id) return fault(userId ?? 'anonymous');
  return roles === operation.caller?.roles ? [] : fault(`roles ${roles ?? 'none'}`);
}

type Person = { readonly id: string | undefined };

/** Returns the objects at the fields that contain people: `me` and `customer`. */
function peopleIn(data: unknown): readonly Person[] {
  if (Array.isArray(data)) return data.flatMap(peopleIn);
  if (!isRecord(data)) return [];
  return Object.entries(data).flatMap(([key, value]) =>
    (key === 'me' || key === 'customer') && isRecord(value) ? [{ id: textIn(value['id']) }] : peopleIn(value),
  );
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
