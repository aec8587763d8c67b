import { OperationTypeNode, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLOutputType, GraphQLSchema } from 'graphql';
import { valueCheck } from './value-check.ts';
import type { ValueCheck } from './value-check.ts';

/**
 * Looks up types by name. It covers the whole supergraph, because plans use types that the API schema hides.
 */
export type SupergraphTypes = {
  /**
   * Returns the given `__typename` if it is the name of a type that objects can have; undefined otherwise.
   * The check is needed because a subgraph may return any value as `__typename`.
   */
  typeNameOf(typename: unknown): string | undefined;
  isObjectType(typeName: string): boolean;
  /** Returns whether an object of the type `typeName` satisfies a type condition. */
  isA(typeName: string, condition: string): boolean;
  /**
   * Returns the function that checks whether a value has the type of a field; undefined if the supergraph
   * does not have the field.
   */
  checkOf(typeName: string, fieldName: string): ValueCheck | undefined;
  /** Returns the type of a field; undefined if the supergraph does not have the field. */
  typeOf(typeName: string, fieldName: string): GraphQLOutputType | undefined;
  rootType(operation: 'query' | 'mutation'): string | undefined;
};

/** Creates the lookup of types in a supergraph schema. */
export function supergraphTypes(supergraph: GraphQLSchema): SupergraphTypes {
  // Interfaces count as types of objects, because the subgraph of an `@interfaceObject` returns the interface
  // as `__typename`.
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
