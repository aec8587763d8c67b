import { parse, visit } from 'graphql';

const SECRET = /passw|token|secret|authorization|api_?key|credential/i;

/**
 * Returns a document with empty strings in place of the values of arguments and input fields that are named
 * like a secret, so that links and the history contain none. A document with a syntax error stays as it is.
 */
export function withoutSecrets(document: string): string {
  const cuts: { readonly from: number; readonly to: number }[] = [];
  const note = (node: {
    readonly name: { readonly value: string };
    readonly value: { readonly kind: string; readonly loc?: { start: number; end: number } | undefined };
  }) => {
    if (SECRET.test(node.name.value) && node.value.kind === 'StringValue' && node.value.loc)
      cuts.push({ from: node.value.loc.start, to: node.value.loc.end });
  };
  try {
    visit(parse(document), { Argument: note, ObjectField: note });
  } catch {
    return document;
  }
  return cuts.reduceRight((text, { from, to }) => `${text.slice(0, from)}""${text.slice(to)}`, document);
}

/** Returns variables as JSON with empty strings in place of the values of members named like a secret. */
export function variablesWithoutSecrets(variables: string): string {
  if (!SECRET.test(variables)) return variables;
  try {
    const clean = (key: string, value: unknown) =>
      typeof value === 'string' && SECRET.test(key) ? '' : value;
    return JSON.stringify(JSON.parse(variables, clean), undefined, 2);
  } catch {
    return '';
  }
}
