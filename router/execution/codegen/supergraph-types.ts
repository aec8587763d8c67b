import { OperationTypeNode, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLOutputType, GraphQLSchema } from 'graphql';
import { valueCheck } from './value-check.ts';
import type { ValueCheck } from './value-check.ts';

/** What type conditions need to know; of the whole supergraph, since plans speak of types that the API does not show. */
export type SupergraphTypes = {
  /** The type named, when it is one that an object can have: a subgraph may put anything in `__typename`. */
  typeNameOf(typename: unknown): string | undefined;
  isObjectType(typeName: string): boolean;
  /** Whether an object of the type named first satisfies a condition on the second. */
  isA(typeName: string, condition: string): boolean;
  /** Whether a value can be that of a field; `undefined` for a field that the supergraph does not know. */
  checkOf(typeName: string, fieldName: string): ValueCheck | undefined;
  /** The type of a field; `undefined` for a field that the supergraph does not know. */
  typeOf(typeName: string, fieldName: string): GraphQLOutputType | undefined;
  rootType(operation: 'query' | 'mutation'): string | undefined;
};

export function supergraphTypes(supergraph: GraphQLSchema): SupergraphTypes {
  // An interface can be the type of an object: it is what the subgraph of an `@interfaceObject` answers.
  const objectLike = (name: string) => {
    const type = supergraph.getType(name);
    return isObjectType(type) || isInterfaceType(type) ? type : undefined;
  };
  const typeOf = (typeName: string, fieldName: string) => objectLike(typeName)?.getFields()[fieldName]?.type;
  return {
    typeNameOf: (typename) => (typeof typename === 'string' ? objectLike(typename)?.name : undefined),
    isObjectType: (typeName) => isObjectType(supergraph.getType(typeName)),
    checkOf(typeName, fieldName) {
      const type = typeOf(typeName, fieldName);
      return type && valueCheck(type);
    },
    typeOf,
    rootType: (operation) =>
      supergraph.getRootType(operation === 'query' ? OperationTypeNode.QUERY : OperationTypeNode.MUTATION)
        ?.name,
    isA(typeName, condition) {
      if (typeName === condition) return true;
      const type = objectLike(typeName);
      const expected = supergraph.getType(condition);
      return type !== undefined && isAbstractType(expected) && supergraph.isSubType(expected, type);
    },
  };
}
