import type { Call, CallPath } from '../call/call.ts';
import type { Endpoint } from './endpoint.ts';
import { unreachable, unsent } from '../call/outcomes.ts';
import type { Transport } from './transport.ts';

/**
 * Sends each call to the less loaded of two endpoints chosen at random. This spreads the load better than
 * always choosing the least loaded of all endpoints.
 */
export function balance(
  endpoints: readonly Endpoint[],
  transport: Transport,
  { service, random }: { readonly service: string; readonly random: () => number },
): CallPath {
  return (settle) => {
    const send = transport((call, result) => {
      call.endpoint?.endCall(call.epoch, result.outcome);
      settle(call, result);
    });
    return (call) => {
      const endpoint = choose(endpoints, call, random);
      if (endpoint === undefined)
        return settle(call, unsent(unreachable(service, new Error('no address is configured'))));
      call.endpoint = endpoint;
      call.epoch = endpoint.startCall();
      const { record } = call.request;
      if (record !== undefined) {
        record.endpoint = endpoints.indexOf(endpoint);
        record.url = endpoint.url;
      }
      send(endpoint, call);
    };
  };
}

function choose(endpoints: readonly Endpoint[], call: Call, random: () => number): Endpoint | undefined {
  if (endpoints.length <= 1) return endpoints[0];
  const others = endpoints.filter((endpoint) => endpoint !== call.avoid);
  const accepting = others.filter((endpoint) => endpoint.accepts(call.request.operation));
  // If all endpoints are ejected (temporarily not used), the call is sent to one of them nevertheless. The
  // call might succeed there. Without an endpoint, the call would certainly fail.
  return lessLoaded(accepting.length > 0 ? accepting : others, random);
}

function lessLoaded(endpoints: readonly Endpoint[], random: () => number): Endpoint | undefined {
  if (endpoints.length <= 1) return endpoints[0];
  const first = Math.floor(random() * endpoints.length);
  const second = (first + 1 + Math.floor(random() * (endpoints.length - 1))) % endpoints.length;
  const [a, b] = [endpoints[first], endpoints[second]];
  if (a === undefined || b === undefined) return a ?? b;
  return b.load < a.load ? b : a;
}
