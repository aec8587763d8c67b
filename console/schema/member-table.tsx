import { useEffect, useRef } from 'preact/hooks';
import { formatCount } from '../frame/figures.ts';
import { navigate } from '../frame/location.ts';
import { Subgraph } from '../frame/subgraph.tsx';
import { Labels } from './label-list.tsx';
import { linkToCoordinate } from './links.ts';
import { MemberDetails } from './member-details.tsx';
import type { Argument, Member } from './schema-model.ts';
import { TypeText } from './type-text.tsx';
import type { TypePageProps } from './type-page.tsx';

const TITLES = { type: 'Field', interface: 'Field', input: 'Input field', enum: 'Value' } as const;

/** The members of a type; one of them may be open. */
export function MemberTable({ index, type, coordinate, usage }: TypePageProps) {
  if (type.kind === 'union' || type.kind === 'scalar') return null;
  const calls = usage.value?.coordinates;
  return (
    <table class="members">
      <thead>
        <tr>
          <th scope="col">{TITLES[type.kind]}</th>
          <th scope="col">{index.subgraphs.length > 0 && 'Resolved by'}</th>
          <th scope="col">{calls !== undefined && 'Calls'}</th>
        </tr>
      </thead>
      <tbody>
        {type.members.map((member) => (
          <MemberRows
            key={member.name}
            index={index}
            member={member}
            isOpen={member.coordinate === coordinate}
            calls={calls === undefined ? null : (calls[member.coordinate]?.calls ?? 0)}
          />
        ))}
      </tbody>
    </table>
  );
}

type RowProps = {
  readonly index: TypePageProps['index'];
  readonly member: Member;
  readonly isOpen: boolean;
  /** Recorded calls; null if calls are not recorded. */
  readonly calls: number | null;
};

function MemberRows({ index, member, isOpen, calls }: RowProps) {
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  const link = linkToCoordinate(isOpen ? typeOf(member) : member.coordinate);
  return (
    <>
      <tr ref={row} class={`member ${isOpen ? 'member-open' : ''}`} onClick={(event) => openRow(event, link)}>
        <td>
          <Signature member={member} link={link} isOpen={isOpen} />
          <Notes member={member} />
        </td>
        <td class="member-owners">
          {member.owners.map(({ subgraph }) => (
            <Subgraph key={subgraph} name={subgraph} />
          ))}
        </td>
        <td class="number member-calls">{calls !== null && formatCount(calls)}</td>
      </tr>
      {isOpen && (
        <tr class="member-details-row">
          <td colSpan={3}>
            <MemberDetails index={index} member={member} />
          </td>
        </tr>
      )}
    </>
  );
}

/** A click anywhere in the row opens it, except on a link and to select text. */
function openRow(event: MouseEvent, link: string): void {
  const isLink = event.target instanceof Element && event.target.closest('a') !== null;
  if (!isLink && window.getSelection()?.isCollapsed !== false) navigate(link);
}

function typeOf({ coordinate }: Member): string {
  return coordinate.split('.')[0] ?? coordinate;
}

function Signature({
  member,
  link,
  isOpen,
}: Pick<RowProps, 'member' | 'isOpen'> & { readonly link: string }) {
  return (
    <div class="signature mono">
      <a
        href={link}
        aria-expanded={isOpen}
        class={member.deprecated === null ? 'member-name' : 'member-name old'}
      >
        {member.name}
      </a>
      {member.args.length > 0 && <Arguments args={member.args} />}
      {member.namedType !== null && (
        <>
          <span class="soft">: </span>
          <TypeText type={member.type} />
        </>
      )}
      {member.defaultValue !== null && <span class="soft"> = {member.defaultValue}</span>}
    </div>
  );
}

function Arguments({ args }: { readonly args: readonly Argument[] }) {
  return (
    <>
      <span class="soft">(</span>
      {args.map(({ name, type, defaultValue }, index) => (
        <span key={name} class="argument">
          {index > 0 && <span class="soft">, </span>}
          {name}
          <span class="soft">: </span>
          <TypeText type={type} />
          {defaultValue !== null && <span class="soft"> = {defaultValue}</span>}
        </span>
      ))}
      <span class="soft">)</span>
    </>
  );
}

function Notes({ member }: { readonly member: Member }) {
  const { description, deprecated, labels } = member;
  if (description === null && deprecated === null && labels.length === 0) return null;
  return (
    <div class="member-notes">
      {deprecated !== null && <span class="label label-warn">deprecated: {deprecated}</span>}
      <Labels labels={labels} />
      {description !== null && <span class="soft">{description}</span>}
    </div>
  );
}
