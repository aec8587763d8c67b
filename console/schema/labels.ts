import { print } from 'graphql';
import type { ConstDirectiveNode } from 'graphql';
import { argumentsOf } from './directive-names.ts';
import type { DirectiveNames } from './directive-names.ts';

/** A directive as a small label. */
export type Label = {
  readonly kind: 'access' | 'cost' | 'tag' | 'hidden' | 'override' | 'other';
  readonly text: string;
  /** A sentence that explains the label. */
  readonly title: string;
};

/** Directives that other parts of the page show. */
const SHOWN_ELSEWHERE = new Set(['deprecated', 'specifiedBy', 'link']);

/** Returns the labels of the directives of an element, in their order. */
export function labelsOf(directives: readonly ConstDirectiveNode[], names: DirectiveNames): readonly Label[] {
  return directives.flatMap((directive) => {
    const name = names(directive.name.value);
    if (SHOWN_ELSEWHERE.has(name) || directive.name.value.startsWith('join__')) return [];
    return labelOf(name, directive);
  });
}

function labelOf(name: string, directive: ConstDirectiveNode): Label {
  const given = argumentsOf(directive);
  switch (name) {
    case 'authenticated':
      return { kind: 'access', text: 'authenticated', title: 'Only for callers with a valid token.' };
    case 'requiresScopes':
      return access('scopes', alternatives(given['scopes']));
    case 'policy':
      return access('policy', alternatives(given['policies']));
    case 'cost':
      return cost(`cost ${textOf(given['weight'])}`, 'Points that one value costs.');
    case 'listSize':
      return cost(sizeOf(given), 'Number of items that the cost estimate assumes.');
    case 'tag':
      return { kind: 'tag', text: `#${textOf(given['name'])}`, title: 'Tag, by which contracts select.' };
    case 'inaccessible':
      return { kind: 'hidden', text: 'hidden', title: 'Not part of the API schema.' };
    default:
      return { kind: 'other', text: `@${name}`, title: print(directive) };
  }
}

function access(word: string, requirement: string): Label {
  return {
    kind: 'access',
    text: `${word}: ${requirement}`,
    title: `Only for callers with ${word} ${requirement}.`,
  };
}

function cost(text: string, title: string): Label {
  return { kind: 'cost', text, title };
}

/** `[["a", "b"], ["c"]]` is `a and b, or c`. */
function alternatives(value: unknown): string {
  const all = Array.isArray(value) ? value : [value];
  return all.map((one: unknown) => (Array.isArray(one) ? one.join(' and ') : textOf(one))).join(', or ');
}

function sizeOf(given: Readonly<Record<string, unknown>>): string {
  const slicing = given['slicingArguments'];
  const parts = [
    ...(given['assumedSize'] == null ? [] : [`list of ${textOf(given['assumedSize'])}`]),
    ...(Array.isArray(slicing) && slicing.length > 0 ? [`list by ${slicing.join(', ')}`] : []),
  ];
  return parts.length === 0 ? 'list size' : parts.join(', ');
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
}
