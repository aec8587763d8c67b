const FIELD_NAME = /^(?:\*|[\w!#$%&'+.^`|~-]+)$/;

/** Merges `vary` headers into one list of names (RFC 9110 section 12.5.5); empty if there are none. */
export function mergeVary(headers: readonly (string | readonly string[] | undefined)[]): string {
  const listed = headers.flatMap((header) => header ?? []).flatMap((header) => header.split(','));
  const names = new Set(
    listed.map((name) => name.trim().toLowerCase()).filter((name) => FIELD_NAME.test(name)),
  );
  return names.has('*') ? '*' : [...names].join(', ');
}
