import { Kind, visit } from 'graphql';
import type { DocumentNode } from 'graphql';

/**
 * Renames the aliases of a document, because they may contain data (`user_17: user(id: 17)`) and differ
 * between clients that send the same query. The first response name of a field becomes the field's name,
 * further ones become `user__2`, `user__3`. Equal response names stay equal, also if several fields share
 * one. Different ones stay different, because the types of their fields might conflict in a later schema.
 */
export function canonicalAliases(document: DocumentNode): DocumentNode {
  const fields = fieldsByResponseName(document);
  if (!hasAliases(fields)) return document;
  const names = canonicalNames(fields);
  return visit(document, {
    Field(node) {
      const { alias, ...field } = node;
      const responseName = alias?.value ?? field.name.value;
      const name = names.get(responseName) ?? responseName;
      return name === field.name.value ? field : { ...field, alias: { kind: Kind.NAME, value: name } };
    },
  });
}

/** Names of the fields that have a response name, in the order of the document. */
type FieldsByResponseName = ReadonlyMap<string, ReadonlySet<string>>;

function fieldsByResponseName(document: DocumentNode): FieldsByResponseName {
  const fields = new Map<string, Set<string>>();
  visit(document, {
    Field({ name, alias }) {
      const responseName = alias?.value ?? name.value;
      fields.set(responseName, (fields.get(responseName) ?? new Set()).add(name.value));
    },
  });
  return fields;
}

function hasAliases(fields: FieldsByResponseName): boolean {
  return [...fields].some(([responseName, names]) => names.size > 1 || !names.has(responseName));
}

/** Returns the new response name for each old response name. All new names are different. */
function canonicalNames(fields: FieldsByResponseName): ReadonlyMap<string, string> {
  const taken = new Set([...fields.values()].flatMap((names) => [...names]));
  const counts = new Map<string, number>();

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

  return new Map(
    [...fields].map(([responseName, names]) => {
      const field = namingField(names);
      const count = (counts.get(field) ?? 0) + 1;
      counts.set(field, count);
      return [responseName, count === 1 ? field : unusedName(field, count)];
    }),
  );
}

/**
 * Returns the field whose name replaces a response name. The choice depends only on the names of the fields,
 * so renaming a document that was already renamed changes nothing.
 */
function namingField(names: ReadonlySet<string>): string {
  // Names that begin with two underscores are reserved for introspection, so the name of an ordinary field is
  // preferred.
  const [first = '', ...others] = names;
  return first.startsWith('__') ? (others.find((name) => !name.startsWith('__')) ?? first) : first;
}
