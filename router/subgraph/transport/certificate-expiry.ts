import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Config } from '../../config/config-schema.ts';
import type { CertificateFiles } from './certificates.ts';

/** Time at which the certificates in a file expire; if there are several, the earliest. */
export type CertificateExpiry = {
  /**
   * Name of the subgraph for which the file is configured; `all` if the file is configured for all subgraphs.
   */
  readonly subgraph: string;
  readonly file: string;
  /** Time of expiry in seconds since 1970. */
  readonly expiresAtS: number;
};

/**
 * Creates the function that returns when the certificates in each configured file expire. A file is read
 * again after it has changed. If a file cannot be read, its last known expiry is returned, because the
 * router then keeps using the certificates that it read last.
 */
export function createCertificateExpiry(
  traffic: () => Config['traffic'],
): () => readonly CertificateExpiry[] {
  const read = createExpiryReader();
  return () => {
    const { all, subgraphs } = traffic();
    const own = Object.entries(subgraphs).map(([name, { tls }]) => [name, tls] as const);
    return [['all', all.tls] as const, ...own].flatMap(([subgraph, tls]) =>
      certificatesIn(tls).flatMap((file) => {
        const expiresAtS = read(file);
        return expiresAtS === undefined ? [] : [{ subgraph, file, expiresAtS }];
      }),
    );
  };
}

function certificatesIn({ ca, cert }: CertificateFiles = {}): readonly string[] {
  return [ca, cert].filter((file) => file !== undefined);
}

function createExpiryReader(): (file: string) => number | undefined {
  const known = new Map<string, { readonly changedAt: number; readonly expiresAtS: number }>();
  return (file) => {
    try {
      const changedAt = statSync(file).mtimeMs;
      const before = known.get(file);
      if (before?.changedAt === changedAt) return before.expiresAtS;
      const expiresAtS = earliestExpiry(readFileSync(file, 'utf8'));
      known.set(file, { changedAt, expiresAtS });
      return expiresAtS;
    } catch {
      return known.get(file)?.expiresAtS;
    }
  };
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Returns the time at which the certificates in a PEM text expire; if there are several, the earliest.
 * @throws {Error} if the text has no valid certificate
 */
function earliestExpiry(text: string): number {
  const certificates = (text.match(PEM) ?? []).map((pem) => new X509Certificate(pem));
  if (certificates.length === 0) throw new Error('no certificate');
  return Math.min(...certificates.map(({ validToDate }) => validToDate.getTime() / 1_000));
}
