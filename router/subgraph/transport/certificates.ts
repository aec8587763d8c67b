import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { Config } from '../../config/config-schema.ts';
import { ConfigError, placeIn } from '../../config/yaml/read-yaml.ts';
import { codeOrMessageOf } from '../../shared/error-message.ts';

/**
 * Paths of PEM files: certificates of the authorities to trust (instead of those of the system), and the
 * certificate and key with which the router identifies itself to the subgraph.
 */
export type CertificateFiles = NonNullable<Config['traffic']['all']['tls']>;

type Connector = buildConnector.connector;

/**
 * Reads all configured certificates.
 * @throws {ConfigError} that names every file that cannot be used
 */
export function checkCertificates(config: Pick<Config, 'traffic'>): void {
  const { all, subgraphs } = config.traffic;
  const own = Object.entries(subgraphs).map(([name, { tls }]) => [['subgraphs', name], tls] as const);
  const problems = [[['all'], all.tls] as const, ...own].flatMap(([path, files]) =>
    files === undefined
      ? []
      : problemsOf(files).map(
          ({ at, message }) => `${placeIn(config, ['traffic', ...path, 'tls', ...at])}: ${message}`,
        ),
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * Creates the function with which the HTTP client undici opens TLS connections that use these certificate
 * files. Changed files are read again for the next connection, so that a renewed certificate needs no
 * restart. If the new files are invalid, the previous certificates stay in use.
 */
export function createConnector(files: CertificateFiles, timeoutMs: number): Connector {
  let version = '';
  let connector: Connector | undefined;

  function current(): Connector {
    try {
      const found = versionOf(files);
      if (found === version && connector !== undefined) return connector;
      connector = buildConnector({
        secureContext: createSecureContext(read(files)),
        timeout: timeoutMs,
        // HTTP/2 must not be offered in the TLS handshake, because the connection pool supports only
        // HTTP/1.1. Undici would offer it by default.
        allowH2: false,
      });
      version = found;
    } catch (error) {
      if (connector === undefined) throw error;
    }
    return connector;
  }

  return (options, callback) => {
    current()(options, callback);
  };
}

/** A problem with the certificate files. `at` is the path of the setting within `tls`, such as `ca`. */
type Problem = { readonly at: readonly string[]; readonly message: string };

function problemsOf(files: CertificateFiles): Problem[] {
  const unreadable = pathsOf(files).flatMap(([name, path]) => {
    try {
      readFileSync(path);
      return [];
    } catch (error) {
      return [{ at: [name], message: `cannot read ${path} (${codeOrMessageOf(error)})` }];
    }
  });
  if (unreadable.length > 0) return unreadable;
  try {
    createSecureContext(read(files));
    return [];
  } catch (error) {
    const paths = pathsOf(files)
      .map(([, path]) => path)
      .join(', ');
    const message = `${paths} cannot be used (${codeOrMessageOf(error)}); PEM is expected, and a key that belongs to the certificate`;
    return [{ at: [], message }];
  }
}

function pathsOf(files: CertificateFiles): [name: string, path: string][] {
  return Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

function read(files: CertificateFiles): Record<string, Buffer> {
  return Object.fromEntries(pathsOf(files).map(([name, path]) => [name, readFileSync(path)]));
}

function versionOf(files: CertificateFiles): string {
  return pathsOf(files)
    .map(([, path]) => statSync(path).mtimeMs)
    .join();
}
