import { createHmac, timingSafeEqual } from 'node:crypto';

const HEADER = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url');

const signature = (text, key) => createHmac('sha256', key).update(text).digest();

/** A JSON Web Token (HS256) with these claims. */
export function issueToken(claims, key) {
  const text = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${text}.${signature(text, key).toString('base64url')}`;
}

/** The claims, or undefined when the token is not one of ours or is past its time. nowSeconds: Unix time. */
export function readToken(token, key, nowSeconds) {
  const [header, claims, mac, more] = String(token).split('.');
  if (header !== HEADER || !claims || !mac || more !== undefined) return undefined;
  const given = Buffer.from(mac, 'base64url');
  const expected = signature(`${header}.${claims}`, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const parsed = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return parsed.exp > nowSeconds ? parsed : undefined;
}
