/** A reference to an artifact in an OCI registry: `oci://HOST/REPOSITORY:TAG` or `…@sha256:DIGEST`. */
export type OciReference = {
  /** Host and optional port of the registry. */
  readonly registry: string;
  readonly repository: string;
  /**
   * Tag or digest of the artifact. A tag may later refer to other content, a digest always refers to the same
   * content.
   */
  readonly version: { readonly kind: 'tag' | 'digest'; readonly value: string };
};

const HOST = String.raw`[\w.-]+(?::\d{1,5})?|\[[\da-fA-F:]+\](?::\d{1,5})?`;
// Patterns for the names of repositories and for tags, as defined in the OCI distribution specification,
// section "Pulling manifests".
const NAME = String.raw`[a-z\d]+(?:(?:\.|_{1,2}|-+)[a-z\d]+)*`;
const REFERENCE = new RegExp(
  String.raw`^oci://(${HOST})/(${NAME}(?:/${NAME})*)(?::(\w[\w.-]{0,127})|@(sha256:[\da-f]{64}))$`,
);

/** Parses an OCI reference; returns undefined if the text is not one. */
export function parseOciReference(text: string): OciReference | undefined {
  const [, registry, repository, tag, digest] = REFERENCE.exec(text) ?? [];
  if (registry === undefined || repository === undefined) return undefined;
  if (digest !== undefined) return { registry, repository, version: { kind: 'digest', value: digest } };
  return tag === undefined ? undefined : { registry, repository, version: { kind: 'tag', value: tag } };
}
