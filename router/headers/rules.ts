import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { HEADER_VALUE } from '../shared/http/header-syntax.ts';
import { connectionOptions } from '../shared/http/protected-headers.ts';
import type { IsProtected } from '../shared/http/protected-headers.ts';

type Rules = Config['headers'];
export type HeaderRule = Rules['request'][number] | Rules['response'][number];

/**
 * How to merge a header that several subgraph responses have: use the first value, use the last one, or
 * append all of them.
 */
export type Merge = 'first' | 'last' | 'append';

/**
 * A header that a rule passes on, with its values. `values` has several items only if each must be sent as a
 * separate header line.
 */
export type PropagatedHeader = { readonly values: readonly string[]; readonly merge: Merge };

/**
 * Applies the configured header rules to a message. Returns the headers that rules pass on or insert, with
 * names in lower case.
 */
export type Carry = (from: IncomingHttpHeaders) => ReadonlyMap<string, PropagatedHeader>;

/**
 * Compiles the configured rules for headers (pass on, insert) into one function; undefined if there are no
 * rules.
 */
export function compileRules(rules: readonly HeaderRule[], isProtected: IsProtected): Carry | undefined {
  if (rules.length === 0) return undefined;
  const steps = rules.map((rule) => compileRule(rule, isProtected));
  return (from) => {
    const message = { headers: from, ofConnection: connectionOptions(from) };
    const carried = new Map<string, PropagatedHeader>();
    for (const step of steps) step(message, carried);
    return carried;
  };
}

/** Returns the header rules that apply to a subgraph: the rules for all subgraphs, then its own. */
export function rulesFor(
  rules: Rules,
  subgraph: string | undefined,
  way: 'request' | 'response',
): HeaderRule[] {
  const own = subgraph === undefined ? undefined : rules.subgraphs[subgraph];
  return [...rules[way], ...(own?.[way] ?? [])];
}

type Message = { readonly headers: IncomingHttpHeaders; readonly ofConnection: ReadonlySet<string> };
type Step = (from: Message, into: Map<string, PropagatedHeader>) => void;

function compileRule({ propagate, insert, remove }: HeaderRule, isProtected: IsProtected): Step {
  if (insert !== undefined) return insertion(insert);
  if (remove !== undefined) return removal(remove);
  if (propagate?.matching !== undefined)
    return propagationOfMatching(propagate.matching, propagate, isProtected);
  return propagationOfNamed(propagate ?? {});
}

function insertion({ name, value }: NonNullable<HeaderRule['insert']>): Step {
  const carried: PropagatedHeader = { values: [value], merge: 'last' };
  return (_, into) => into.set(name.toLowerCase(), carried);
}

function removal({ named, matching }: NonNullable<HeaderRule['remove']>): Step {
  if (matching === undefined) return (_, into) => into.delete(named?.toLowerCase() ?? '');
  const pattern = wholeName(matching);
  return (_, into) => {
    for (const name of into.keys()) if (pattern.test(name)) into.delete(name);
  };
}

type Propagation = NonNullable<HeaderRule['propagate']>;

function propagationOfNamed(rule: Propagation): Step {
  const name = rule.named?.toLowerCase() ?? '';
  const target = rule.rename?.toLowerCase() ?? name;
  const merge = mergeOf(rule);
  const fallback = rule.default === undefined ? [] : [rule.default];
  return (message, into) => {
    const found = valuesOf(message, name);
    const values = found.length > 0 ? found : fallback;
    if (values.length > 0) into.set(target, { values, merge });
  };
}

function propagationOfMatching(matching: string, rule: Propagation, isProtected: IsProtected): Step {
  const pattern = wholeName(matching);
  const merge = mergeOf(rule);
  return (message, into) => {
    for (const name of Object.keys(message.headers)) {
      if (!pattern.test(name) || isProtected(name)) continue;
      const values = valuesOf(message, name);
      if (values.length > 0) into.set(name, { values, merge });
    }
  };
}

function mergeOf(rule: Propagation): Merge {
  return 'merge' in rule ? rule.merge : 'last';
}

/** Compiles a regular expression that must match a whole header name, in upper or lower case. */
export function wholeName(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'i');
}

function valuesOf({ headers, ofConnection }: Message, name: string): readonly string[] {
  if (ofConnection.has(name) || !Object.hasOwn(headers, name)) return [];
  const value = headers[name] ?? [];
  // Invalid header values are dropped: Node would throw an error for them, and the call would not be sent.
  return (typeof value === 'string' ? [value] : value).filter((text) => HEADER_VALUE.test(text));
}
