import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Pem = { readonly cert: string; readonly key: string };

/** Issues certificates for 127.0.0.1 that are valid for a day. */
export type Authority = { readonly ca: string; readonly issue: (name: string) => Pem };

/**
 * Creates a certificate authority for one test. Certificates are DER (X.690) in the format of RFC 5280,
 * signed with ECDSA.
 */
export function createAuthority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issue = (subject: string, publicKey: KeyObject, extensions: Buffer) =>
    certificate({ issuer: name, subject, publicKey, extensions, signer: own.privateKey });
  return {
    ca: issue(name, own.publicKey, extension('551d13', sequence(tlv(0x01, Buffer.from([0xff]))))),
    issue(subject) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const address = tlv(0x87, Buffer.from([127, 0, 0, 1]));
      return {
        cert: issue(subject, publicKey, extension('551d11', sequence(address))),
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      };
    },
  };
}

/** Writes each text to the file of its name, and returns the paths. */
export async function writePem<Name extends string>(
  folder: string,
  texts: Readonly<Record<Name, string>>,
): Promise<Record<Name, string>> {
  const paths = Object.fromEntries(Object.keys(texts).map((name) => [name, join(folder, `${name}.pem`)]));
  for (const [name, text] of Object.entries<string>(texts)) await writeFile(paths[name] ?? '', text);
  return paths as Record<Name, string>;
}

const ECDSA_WITH_SHA256 = sequence(tlv(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
const DAY_MS = 86_400_000;

type Certificate = {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: Buffer;
  readonly signer: KeyObject;
};

function certificate({ issuer, subject, publicKey, extensions, signer }: Certificate): string {
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer),
    sequence(timeOf(Date.now() - DAY_MS), timeOf(Date.now() + DAY_MS)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(extensions)),
  );
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]));
  const base64 = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf(commonName: string): Buffer {
  const value = tlv(0x0c, Buffer.from(commonName));
  return sequence(tlv(0x31, sequence(tlv(0x06, Buffer.from('550403', 'hex')), value)));
}

function timeOf(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tlv(0x17, Buffer.from(digits.slice(2)));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(tlv(0x06, Buffer.from(id, 'hex')), tlv(0x04, value));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
