import { linkToCoordinate } from './links.ts';

const BUILT_IN = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);

/** A type as SDL, with a link to its page. */
export function TypeText({ type }: { readonly type: string }) {
  const [, before = '', name = '', after = ''] = /^(\[*)(\w+)(.*)$/.exec(type) ?? [];
  return (
    <span class="type-text">
      {before}
      {BUILT_IN.has(name) ? (
        <span class="built-in">{name}</span>
      ) : (
        <a href={linkToCoordinate(name)}>{name}</a>
      )}
      {after}
    </span>
  );
}
