// Sessions: a cookie that says who signed in, sealed with the console's secret.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Policy } from '../policy/evaluate/policy.js';
import type { SignedIn } from './page-context.js';
import type { Secret } from './secret.js';

/** How long a session lasts, in s. */
const LIFE_SECONDS = 30 * 60;
const PURPOSE = 'session';

/** Browsers accept the prefix, which ties a cookie to this very host, over HTTPS only. */
function cookieName(origin: string): string {
  return origin.startsWith('https:') ? '__Host-session' : 'session';
}

/** @param by the key in the policy, and the passkey that signed in @throws {StoreError} */
export async function startSession(
  reply: FastifyReply,
  { origin, secret, now }: { readonly origin: string; readonly secret: Secret; readonly now: Date },
  { person, credentialId }: { readonly person: string; readonly credentialId: string },
): Promise<void> {
  const until = now.getTime() + LIFE_SECONDS * 1000;
  const sealed = await secret.seal(PURPOSE, JSON.stringify([person, credentialId, until]));
  reply.header('set-cookie', cookie(origin, sealed, LIFE_SECONDS));
}

export function endSession(reply: FastifyReply, origin: string): void {
  reply.header('set-cookie', cookie(origin, '', 0));
}

function cookie(origin: string, value: string, maxAge: number): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(origin)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
}

/**
 * Whom the policy no longer names is signed out, and so is who signed in with a passkey that it no longer names.
 * @returns who is signed in @throws {StoreError}
 */
export async function readSession(
  request: FastifyRequest,
  { origin, secret, now }: { readonly origin: string; readonly secret: Secret; readonly now: Date },
  { approvers, viewers }: Pick<Policy, 'approvers' | 'viewers'>,
): Promise<SignedIn | undefined> {
  const name = `${cookieName(origin)}=`;
  const sealed = (request.headers.cookie ?? '').split(/;\s*/).find((each) => each.startsWith(name));
  const opened = sealed && (await secret.open(PURPOSE, sealed.slice(name.length)));
  if (opened === undefined || opened === '') return undefined;
  const [key, credentialId, until] = JSON.parse(opened) as [string, string, number];
  if (now.getTime() >= until) return undefined;
  const approver = approvers.get(key);
  const person = approver ?? viewers.get(key);
  const isKnown = person?.passkeys.some((passkey) => passkey.credentialId === credentialId) === true;
  return isKnown ? { key, name: person.name, isApprover: approver !== undefined } : undefined;
}
