import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { Issuer } from './target.ts';

const ISSUER = 'http://127.0.0.1/issuer-of-the-benchmark';
const JWKS_PATH = '/.well-known/jwks.json';
/** Equals the highest number of connections, so that one user rarely has two requests in flight. */
const USERS = 500;

/** Creates an issuer with new keys, and an access token for each user. */
export async function createIssuer(
  origin: string,
): Promise<{ readonly issuer: Issuer; readonly documents: Readonly<Record<string, string>> }> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' };
  const signToken = (index: number) =>
    new SignJWT({
      email: `customer.${index}@shop.example`,
      roles: ['customer'],
      tier: 'FREE',
      tid: 'shop',
      jti: `token-${index}`,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'bench', typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience('tributary')
      .setSubject(`user-${index}`)
      .setIssuedAt()
      .setExpirationTime('2h')
      .sign(privateKey);
  return {
    issuer: {
      url: ISSUER,
      jwksUrl: origin + JWKS_PATH,
      tokens: await Promise.all(Array.from({ length: USERS }, (_, index) => signToken(index))),
    },
    documents: { [JWKS_PATH]: JSON.stringify({ keys: [jwk] }) },
  };
}
