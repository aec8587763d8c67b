import type { Config } from '../../config/config-schema.ts';
import { parseOciReference } from '../../shared/oci-reference.ts';
import type { OciReference } from '../../shared/oci-reference.ts';
import { supergraphSource } from '../../config/supergraph-schema.ts';

type Settings = NonNullable<Config['supergraph']['sources']>[number];
type Transfer = Pick<Settings, 'timeoutMs' | 'maxBytes'>;

export type FileSource = { readonly kind: 'file'; readonly file: string };

export type UrlSource = Transfer &
  Pick<Settings, 'headers' | 'sha256' | 'publicKey' | 'signatureUrl'> & {
    readonly kind: 'url';
    readonly url: string;
  };

export type OciSource = Transfer &
  Pick<Settings, 'username' | 'password' | 'token' | 'plainHttp'> & {
    readonly kind: 'oci';
    readonly reference: OciReference;
    /** The OCI reference as written in the configuration, for messages. */
    readonly text: string;
  };

export type RegistrySource = Transfer & NonNullable<Settings['registry']> & { readonly kind: 'registry' };

export type SourceConfig = FileSource | UrlSource | OciSource | RegistrySource;

/** Returns the configured sources of the supergraph, the most preferred one first. */
export function sourcesOf({
  file,
  url,
  oci,
  registry,
  sources,
}: Config['supergraph']): readonly SourceConfig[] {
  if (sources !== undefined) return sources.map(sourceOf);
  return [sourceOf(supergraphSource.parse({ file, url, oci, registry }))];
}

/**
 * Returns the path of the composition file or SDL file, if a file is the only source; otherwise undefined.
 */
export function compositionFileOf(config: Config['supergraph']): string | undefined {
  const [first, ...others] = sourcesOf(config);
  return first?.kind === 'file' && others.length === 0 ? first.file : undefined;
}

function sourceOf({ file, url, oci, registry, ...settings }: Settings): SourceConfig {
  if (registry !== undefined) return { kind: 'registry', ...settings, ...registry };
  if (url !== undefined) return { kind: 'url', url, ...settings };
  const reference = oci === undefined ? undefined : parseOciReference(oci);
  if (oci !== undefined && reference !== undefined) return { kind: 'oci', text: oci, reference, ...settings };
  if (file === undefined) throw new Error('bug: a source without a place passed validation');
  return { kind: 'file', file };
}
