import { parse, visit } from 'graphql';
import type { ValueNode } from 'graphql';
import { isExactNumber } from '../../../router/shared/exact-json.ts';
import { isRecord } from '../../../router/shared/is-record.ts';
import { parseExactly } from './parse-exactly.ts';

const SECRET = /passw|token|secret|authorization|credential|(?:api|access|private|signing)_?key/i;
/** Matches text literals of GraphQL, also unfinished ones. */
const TEXT = /"""(?:\\"""|[^])*?(?:"""|$)|"(?:[^"\\\n]|\\.)*"?/g;

/**
 * Returns a document with `""` and 0 in place of the values of arguments, input fields and variables that are
 * named like a secret, so that links and the history contain none. In a document with a syntax error that
 * has such a name, all texts are replaced.
 */
export function withoutSecrets(document: string): string {
  if (!SECRET.test(document)) return document;
  /** Ends and replacements of the literals to replace, by their starts. */
  const cuts = new Map<number, { readonly to: number; readonly by: string }>();
  const replaceBy = (by: string) => (literal: ValueNode) => {
    if (literal.loc) cuts.set(literal.loc.start, { to: literal.loc.end, by });
  };
  const hide = (name: string, value: ValueNode | undefined) => {
    if (value === undefined || !SECRET.test(name)) return;
    visit(value, { StringValue: replaceBy('""'), IntValue: replaceBy('0'), FloatValue: replaceBy('0') });
  };
  try {
    visit(parse(document), {
      Argument: ({ name, value }) => hide(name.value, value),
      ObjectField: ({ name, value }) => hide(name.value, value),
      VariableDefinition: ({ variable, defaultValue }) => hide(variable.name.value, defaultValue),
    });
  } catch {
    return document.replaceAll(TEXT, '""');
  }
  return [...cuts]
    .sort(([a], [b]) => b - a)
    .reduce((text, [from, { to, by }]) => text.slice(0, from) + by + text.slice(to), document);
}

/**
 * Returns variables as JSON with `""` and 0 in place of the values of members that are named like a secret.
 * Variables that are not JSON are left out.
 */
export function variablesWithoutSecrets(variables: string): string {
  if (!SECRET.test(variables)) return variables;
  try {
    return JSON.stringify(withoutValues(parseExactly(variables), false), undefined, 2);
  } catch {
    return '';
  }
}

function withoutValues(value: unknown, isSecret: boolean): unknown {
  if (typeof value === 'string') return isSecret ? '' : value;
  if (typeof value === 'number' || isExactNumber(value)) return isSecret ? 0 : value;
  if (Array.isArray(value)) return value.map((item) => withoutValues(item, isSecret));
  if (!isRecord(value)) return value;
  const members = Object.entries(value);
  return Object.fromEntries(
    members.map(([name, member]) => [name, withoutValues(member, isSecret || SECRET.test(name))]),
  );
}
