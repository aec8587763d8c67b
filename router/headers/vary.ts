const FIELD_NAME = /^(?:\*|[\w!#$%&'+.^`|~-]+)$/;

/** One `vary` header that names every request header that any of these names (RFC 9110 section 12.5.5); empty without one. */
export function mergeVary(headers: readonly (string | readonly string[] | undefined)[]): string {
  const listed = headers.flatMap((header) => header ?? []).flatMap((header) => header.split(','));
  const names = new Set(
    listed.map((name) => name.trim().toLowerCase()).filter((name) => FIELD_NAME.test(name)),
  );
  return names.has('*') ? '*' : [...names].join(', ');
}
