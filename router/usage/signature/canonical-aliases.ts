import { Kind, visit } from 'graphql';
import type { DocumentNode } from 'graphql';

/**
 * Renames the aliases of a document, because they may contain data (`user_17: user(id: 17)`) and differ
 * between clients that send the same query. The first response name of a field becomes the field's name,
 * further ones become `user__2`, `user__3`. Equal response names stay equal and different ones different, so
 * that no conflicts arise.
 */
export function canonicalAliases(document: DocumentNode): DocumentNode {
  if (!hasAliases(document)) return document;
  const nameFor = createNames(fieldNames(document));
  return visit(document, {
    Field(node) {
      const { alias, ...field } = node;
      const name = nameFor(field.name.value, alias?.value ?? field.name.value);
      return name === field.name.value ? field : { ...field, alias: { kind: Kind.NAME, value: name } };
    },
  });
}

function createNames(taken: Set<string>): (field: string, responseName: string) => string {
  const names = new Map<string, Map<string, string>>();

  function unusedName(field: string, count: number): string {
    for (let number = count; ; number += 1) {
      // Leading underscores of the field's name are removed, because names that begin with two are reserved
      // for introspection.
      const name = `${field.replace(/^__/, '')}__${number}`;
      if (taken.has(name)) continue;
      taken.add(name);
      return name;
    }
  }

  return (field, responseName) => {
    const ofField = names.get(field) ?? new Map<string, string>();
    names.set(field, ofField);
    const known = ofField.get(responseName);
    if (known !== undefined) return known;
    const name = ofField.size === 0 ? field : unusedName(field, ofField.size + 1);
    ofField.set(responseName, name);
    return name;
  };
}

function hasAliases(document: DocumentNode): boolean {
  let found = false;
  visit(document, { Field: ({ alias }) => void (found ||= alias !== undefined) });
  return found;
}

function fieldNames(document: DocumentNode): Set<string> {
  const names = new Set<string>();
  visit(document, { Field: ({ name }) => void names.add(name.value) });
  return names;
}
