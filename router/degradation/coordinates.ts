import { isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLField, GraphQLSchema } from 'graphql';

/** The fields that the configuration means by `Product.inStock`: for an interface, those of all types that implement it too. */
export function fieldsAt(
  schema: GraphQLSchema,
  coordinate: string,
): readonly GraphQLField<unknown, unknown>[] {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const types = isInterfaceType(type) ? [type, ...schema.getPossibleTypes(type)] : [type];
  return types.flatMap((one) => one.getFields()[fieldName] ?? []);
}

/**
 * What is set for a field of a type: for the type itself, else for an interface that it implements. Fields the schema does
 * not have are in the map and never asked for.
 */
export function settingOf<Setting>(
  schema: GraphQLSchema,
  settings: ReadonlyMap<string, Setting>,
): ((typeName: string, fieldName: string) => Setting | undefined) | undefined {
  if (settings.size === 0) return undefined;
  return (typeName, fieldName) => {
    const own = settings.get(`${typeName}.${fieldName}`);
    if (own !== undefined) return own;
    const type = schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
    for (const { name } of type.getInterfaces()) {
      const inherited = settings.get(`${name}.${fieldName}`);
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  };
}
