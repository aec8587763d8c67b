import type { GraphQLError } from 'graphql';

/**
 * Describes why a contract (a part of the supergraph, selected by tags) has no valid schema, and what to
 * change in the tags.
 */
export function contractProblem({ message, extensions }: GraphQLError): string {
  const hidden = coordinates(extensions['inaccessible_elements']);
  const exposed = coordinates(extensions['inaccessible_referencers']);
  switch (extensions['code']) {
    case 'REFERENCED_INACCESSIBLE':
      return `${exposed} is exposed, but its type ${hidden} is hidden; hide ${exposed} too, or expose ${hidden}`;
    case 'IMPLEMENTED_BY_INACCESSIBLE':
      return `${hidden} is hidden, but ${exposed} of its interface is exposed; hide ${exposed} too, or expose ${hidden}`;
    case 'REQUIRED_INACCESSIBLE':
      return `${hidden} is hidden, but ${exposed === hidden ? 'it' : exposed} is required; give it a default value, or expose it`;
    case 'DEFAULT_VALUE_USES_INACCESSIBLE':
      return `the default value of ${exposed} uses ${usedElement(hidden)}, which is hidden; hide ${exposed} too, or expose it`;
    case 'QUERY_ROOT_TYPE_INACCESSIBLE':
      return `all fields of ${hidden} are hidden; expose at least one of them`;
    default:
      return message;
  }
}

// If an enum value is hidden, Apollo's error names only the enum. The message then says "a value of" it.
function usedElement(hidden: string): string {
  return hidden.includes('.') ? hidden : `a value of ${hidden}`;
}

function coordinates(list: unknown): string {
  return Array.isArray(list) ? list.join(', ') : '';
}
