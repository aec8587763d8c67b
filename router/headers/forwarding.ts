import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { isProtectedRequestHeader } from '../shared/http/protected-headers.ts';
import { compileRules, rulesFor } from './rules.ts';
import type { Carry } from './rules.ts';

/** Headers of one client request that rules forward to subgraphs. */
export type ForwardedHeaders = {
  readonly headersFor: (subgraph: string) => Readonly<Record<string, string>>;
  /** All forwarded headers as one text. Requests share calls to subgraphs only if this text is equal. */
  readonly scope: string;
};

/** Compiles the configured rules for request headers into one function; undefined if there are no rules. */
export function createForwarding(
  rules: Config['headers'],
): ((headers: IncomingHttpHeaders) => ForwardedHeaders) | undefined {
  const forAll = compileRules(rulesFor(rules, undefined, 'request'), isProtectedRequestHeader);
  const special = Object.keys(rules.subgraphs).map(
    (name) => [name, compileRules(rulesFor(rules, name, 'request'), isProtectedRequestHeader)] as const,
  );
  if (forAll === undefined && special.every(([, carry]) => carry === undefined)) return undefined;
  return (headers) => {
    const common = carriedBy(forAll, headers);
    const own = new Map(special.map(([name, carry]) => [name, carriedBy(carry, headers)]));
    return {
      headersFor: (subgraph) => own.get(subgraph) ?? common,
      scope: JSON.stringify([common, ...own.values()]),
    };
  };
}

function carriedBy(carry: Carry | undefined, headers: IncomingHttpHeaders): Record<string, string> {
  if (carry === undefined) return {};
  return Object.fromEntries([...carry(headers)].map(([name, { values }]) => [name, values.join(', ')]));
}
