import { getNamedType, isLeafType } from 'graphql';
import type { GraphQLField, GraphQLSchema } from 'graphql';
import { useMemo, useState } from 'preact/hooks';
import { useApiSchema } from '../../frame/api-schema.ts';
import { useSchema } from '../../frame/schema-resource.ts';
import { Show } from '../../frame/states.tsx';
import { useStore } from '../../frame/store.ts';
import { rootType, selectedPaths, toggleField } from '../editor/insert-field.ts';
import type { RootOperation } from '../editor/insert-field.ts';
import { activeTab, editTab, workspace } from '../run/workspace.ts';

const ROOTS: readonly RootOperation[] = ['query', 'mutation'];

/** The fields of the schema. A click adds a field to the operation, or removes it. */
export function FieldTree() {
  const resource = useSchema();
  const schema = useApiSchema();
  const { query } = activeTab(useStore(workspace));
  const [filter, setFilter] = useState('');
  const selected = useMemo(
    () => ({ query: selectedPaths(query, 'query'), mutation: selectedPaths(query, 'mutation') }),
    [query],
  );
  return (
    <Show resource={resource}>
      {() =>
        schema && (
          <>
            <input
              type="search"
              class="filter"
              aria-label="Filter fields"
              placeholder="Filter fields"
              value={filter}
              onInput={(event) => setFilter(event.currentTarget.value)}
            />
            {ROOTS.map((operation) => {
              const type = rootType(schema, operation);
              return (
                type && (
                  <div key={operation}>
                    <h3 class="tree-root">{type.name}</h3>
                    <Fields
                      fields={matching(Object.values(type.getFields()), filter)}
                      path={[]}
                      context={{
                        schema,
                        operation,
                        selected: selected[operation === 'mutation' ? 'mutation' : 'query'],
                      }}
                    />
                  </div>
                )
              );
            })}
          </>
        )
      }
    </Show>
  );
}

function matching(fields: readonly Field[], filter: string): readonly Field[] {
  const text = filter.trim().toLowerCase();
  return fields.filter(({ name }) => name.toLowerCase().includes(text));
}

type Field = GraphQLField<unknown, unknown>;

type TreeContext = {
  readonly schema: GraphQLSchema;
  readonly operation: RootOperation;
  readonly selected: ReadonlySet<string>;
};

type FieldsProps = { readonly path: readonly string[]; readonly context: TreeContext };

function Fields({ fields, path, context }: FieldsProps & { readonly fields: readonly Field[] }) {
  return (
    <ul class="tree">
      {fields.map((field) => (
        <FieldRow key={field.name} field={field} path={[...path, field.name]} context={context} />
      ))}
    </ul>
  );
}

function FieldRow({ field, path, context }: FieldsProps & { readonly field: Field }) {
  const [open, setOpen] = useState(false);
  const type = getNamedType(field.type);
  const isLeaf = isLeafType(type);
  const checked = context.selected.has(path.join('.'));
  const toggle = () => {
    const { schema, operation } = context;
    const changed = toggleField(activeTab(workspace.get()).query, schema, { operation, path });
    if (changed !== undefined) editTab({ query: changed });
  };
  return (
    <li>
      <div class="tree-row">
        {isLeaf || !('getFields' in type) ? (
          <span class="tree-toggle" />
        ) : (
          <button
            type="button"
            class="tree-toggle"
            aria-expanded={open}
            aria-label={`Fields of ${field.name}`}
            onClick={() => setOpen(!open)}
          >
            {open ? '▾' : '▸'}
          </button>
        )}
        <button
          type="button"
          class={`tree-field${field.deprecationReason ? ' deprecated' : ''}`}
          aria-pressed={checked}
          title={field.description ?? ''}
          onClick={toggle}
        >
          <span class="tree-name">{field.name}</span>
          <span class="tree-type">{String(field.type)}</span>
        </button>
      </div>
      {open && 'getFields' in type && (
        <Fields
          fields={Object.values(type.getFields()).filter((inner): inner is Field => 'args' in inner)}
          path={path}
          context={context}
        />
      )}
    </li>
  );
}
