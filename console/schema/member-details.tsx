import { useMemo } from 'preact/hooks';
import { Subgraph } from '../frame/subgraph.tsx';
import { ExploreLink } from './explore-link.tsx';
import { FieldUsage } from './field-usage.tsx';
import { Labels } from './label-list.tsx';
import { operationFor } from './operation-for.ts';
import type { Argument, Member, SchemaIndex } from './schema-model.ts';
import { TypeText } from './type-text.tsx';

/** Details of one member: its arguments, owners and usage. */
export function MemberDetails({ index, member }: { readonly index: SchemaIndex; readonly member: Member }) {
  const operation = useMemo(() => operationFor(index, member.coordinate), [index, member]);
  const resolved = member.owners.filter(({ requires, provides, type }) => requires ?? provides ?? type);
  return (
    <div class="member-details">
      {operation !== null && (
        <p>
          <ExploreLink operation={operation} />
        </p>
      )}
      {member.args.length > 0 && <ArgumentTable args={member.args} />}
      {resolved.map(({ subgraph, requires, provides, type }) => (
        <p key={subgraph}>
          <Subgraph name={subgraph} />
          {requires !== null && (
            <>
              {' '}
              needs <code>{requires}</code> of the same entity from other subgraphs
            </>
          )}
          {provides !== null && (
            <>
              {' '}
              also resolves <code>{provides}</code> of what it returns
            </>
          )}
          {type !== null && (
            <>
              {' '}
              has the type <code>{type}</code>
            </>
          )}
        </p>
      ))}
      <FieldUsage coordinate={member.coordinate} />
    </div>
  );
}

function ArgumentTable({ args }: { readonly args: readonly Argument[] }) {
  return (
    <dl class="arguments">
      {args.map((argument) => (
        <div key={argument.name}>
          <dt class="mono">
            {argument.name}
            <span class="soft">: </span>
            <TypeText type={argument.type} />
            {argument.defaultValue !== null && <span class="soft"> = {argument.defaultValue}</span>}
          </dt>
          <dd>
            {argument.deprecated !== null && (
              <span class="label label-warn">deprecated: {argument.deprecated}</span>
            )}
            <Labels labels={argument.labels} />
            {argument.description !== null && <span class="soft">{argument.description}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
