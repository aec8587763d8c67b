import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { codeOrMessageOf } from '../../shared/error-message.ts';
import { replaceFile } from '../../shared/files/replace-file.ts';
import { SupergraphRejected } from '../rejection.ts';
import { verifyRelease } from '../registry/release.ts';
import { storedKey } from '../registry/signing-key.ts';
import type { LoadedSupergraph, StoredSupergraph } from '../supergraph-source.ts';
import { settleLoad } from './check-content.ts';
import type { RegistrySource, SourceConfig } from './source-config.ts';

const FILE = 'supergraph.graphql';
const HEADER = /^# tributary sha256:([\da-f]{64}) from .*\n(?:# release (\S+) (.*)\n)?/;

/**
 * Opens the directory in which the last activated supergraph is stored. Comment lines before the SDL contain
 * its SHA-256 and, if a registry released the supergraph, the signed release. Both are verified on load.
 * @param sources configured sources; a stored release must come from a registry among them
 */
export function openStoredSupergraph(directory: string, sources: readonly SourceConfig[]): StoredSupergraph {
  const registries = sources.filter((source) => source.kind === 'registry');
  const file = join(directory, FILE);
  const name = relative('.', file);

  async function load(): Promise<LoadedSupergraph> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new Error(`cannot read ${name} (${codeOrMessageOf(error)})`, { cause: error });
    });
    const [header, sha256, jws, jwk] = HEADER.exec(text) ?? [];
    const sdl = text.slice(header?.length ?? 0);
    if (sha256 !== sha256Of(sdl)) throw new SupergraphRejected([`${name}: the file is damaged`]);
    const stored = { kind: 'supergraph', sdl, findings: [] } as const;
    if (jws !== undefined) return { ...stored, ...(await releaseOf({ jws, jwk: parsed(jwk), sha256 })) };
    if (registries.length === sources.length)
      throw new SupergraphRejected([`${name}: the supergraph was not stored by a router with a registry`]);
    return stored;
  }

  /** Verifies that a stored release was signed by one of the configured registries, and returns it. */
  async function releaseOf({ jws, jwk, sha256 }: StoredRelease) {
    const reasons: string[] = [];
    for (const registry of registries) {
      const verified = await verifiedBy(registry, { jws, jwk });
      if (verified.kind === 'valid' && verified.release.serving.sha256 === sha256)
        return { release: verified.release, signed: { jws, jwk } };
      reasons.push(verified.kind === 'valid' ? 'the release names another supergraph' : verified.reason);
    }
    const [reason = 'no registry is configured'] = reasons;
    throw new SupergraphRejected([`${name}: the stored release is not valid here: ${reason}`]);
  }

  return {
    kind: 'stored',
    name,
    load: () => settleLoad(load),
    isPolled: () => false,
    async save({ sdl, signed }, source) {
      const release = signed === undefined ? '' : `# release ${signed.jws} ${JSON.stringify(signed.jwk)}\n`;
      await mkdir(directory, { recursive: true });
      await replaceFile(file, `# tributary sha256:${sha256Of(sdl)} from ${source}\n${release}${sdl}`);
    },
    async [Symbol.asyncDispose]() {},
  };
}

type StoredRelease = { readonly jws: string; readonly jwk: unknown; readonly sha256: string };

async function verifiedBy(registry: RegistrySource, { jws, jwk }: Pick<StoredRelease, 'jws' | 'jwk'>) {
  const trusted = await storedKey(jwk, registry);
  if (trusted === undefined)
    return {
      kind: 'invalid',
      reason: 'it is signed with a key that `supergraph.registry.key` does not pin',
    } as const;
  return verifyRelease(jws, { key: trusted.key, graph: registry.graph });
}

function parsed(json = 'null'): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
