// What a transaction request signs, and whether it agrees with what the request displays.
import { type CallbackRequest, isSigning, present } from '../protocol/request.js';
import { readPsbt } from './bitcoin/psbt.js';
import { readBitcoin } from './bitcoin/read.js';
import type { Catalog, CheckName } from './catalog.js';
import { type Family, familyOf } from './chain.js';
import { checkDisplay, checkSum } from './displayed.js';
import { readContractCallData, readEvm } from './evm/read.js';
import { readTypedMessage } from './evm/typed-message.js';
import { type FamilyResult, NOTHING, payloadOnly, type Reading } from './facts.js';
import { contradicts, type Finding, malformedBy, shorten, unknown } from './finding.js';
import { prepareSigning } from './prepare.js';
import type { Signing } from './signing.js';
import { readSolana } from './solana/read.js';

export interface Signed extends Reading {
  /** Payload, recipient, amount and chain hold, and nothing contradicts. */
  readonly verified: boolean;
  /** Why it is not verified: the first contradiction, or else what can't be known. */
  readonly problem?: string;
  readonly findings: Readonly<Record<CheckName, Finding>>;
  /** The check that refuses the request, by the policy's settings. */
  readonly refusal?: { readonly check: CheckName | 'rawTransaction'; readonly reason: string };
}

/** Fireblocks does not document how long a rejection reason may be. */
const MAX_REASON = 500;

/** In the order in which they are reported. */
const CHECKS = ['payload', 'chain', 'recipient', 'amount', 'fee', 'display'] as const satisfies CheckName[];
const NEEDED_TO_VERIFY: readonly CheckName[] = ['payload', 'chain', 'recipient', 'amount'];

/** @param request a transaction */
export function readSigned(request: CallbackRequest, catalog: Catalog): Signed {
  const { payload } = request;
  const signing = prepareSigning(payload, catalog);
  const { reading, findings: found } = readFamily(signing);
  const sum = checkSum(payload, signing);
  const missing = unknown(
    signing.entries.some(({ rawTx }) => rawTx !== undefined)
      ? 'it can’t be read from rawTx'
      : 'the request has no rawTx',
  );
  const findings: Record<CheckName, Finding> = {
    payload: found.payload ?? missing,
    chain: found.chain ?? missing,
    recipient: found.recipient ?? missing,
    amount: sum.outcome === 'contradicts' ? sum : (found.amount ?? missing),
    fee: found.fee ?? missing,
    display: checkDisplay(payload, signing),
  };
  const problem = problemOf(findings);
  const refusal = refusalOf(findings, request, signing);
  return {
    ...reading,
    verified: problem === undefined,
    ...(problem !== undefined && { problem }),
    findings,
    ...(refusal !== undefined && { refusal }),
  };
}

/** The forms of rawTx are documented for these operations; in a RAW request it can be anything. */
function readFamily(signing: Signing): FamilyResult {
  try {
    const { operation, entries, extraParameters } = signing;
    if (operation === 'TYPED_MESSAGE') return readTypedMessage(signing);
    if (operation === 'RAW') {
      return present(extraParameters['psbt']) === undefined ? sniff(signing) : readPsbt(signing);
    }
    const broken = entries.find(({ problem }) => problem !== undefined)?.problem;
    if (broken !== undefined && isHex(signing)) return payloadOnly(contradicts(broken));
    if (entries.some(({ rawTx }) => rawTx !== undefined)) return readRaw(signing);
    return operation === 'CONTRACT_CALL' ? readContractCallData(signing) : NOTHING;
  } catch (error) {
    return payloadOnly(contradicts(`rawTx is malformed: ${malformedBy(error)}`));
  }
}

function readRaw(signing: Signing): FamilyResult {
  if (signing.asset === undefined) return sniff(signing);
  return readerFor(signing)?.(signing) ?? NOTHING;
}

const READERS: Readonly<Partial<Record<Family, (signing: Signing) => FamilyResult>>> = {
  evm: readEvm,
  bitcoin: readBitcoin,
  litecoin: readBitcoin,
  bitcoincash: readBitcoin,
  dogecoin: readBitcoin,
  dash: readBitcoin,
  solana: readSolana,
};

function readerFor({ asset }: Signing) {
  return asset === undefined ? undefined : READERS[familyOf(asset.chain)];
}

/** Whether the documented form is hex. Nothing documents that of Solana, whose own tools write base64. */
function isHex({ asset }: Signing): boolean {
  const family = asset === undefined ? undefined : familyOf(asset.chain);
  return family !== undefined && family !== 'solana' && family in READERS;
}

/** Without a known asset, the bytes are read only where their digest proves their form. */
function sniff(signing: Signing): FamilyResult {
  if (!signing.entries.some(({ rawTx }) => rawTx !== undefined)) return NOTHING;
  const unknownAsset: Signing = { ...signing, asset: undefined };
  const evm = readEvm(unknownAsset);
  return evm.findings.payload?.outcome === 'holds' ? evm : readSolana(unknownAsset);
}

function problemOf(findings: Readonly<Record<CheckName, Finding>>): string | undefined {
  const describe = (check: CheckName): string[] => {
    const finding = findings[check];
    return finding.outcome === 'holds' ? [] : [`${check}: ${finding.reason}`];
  };
  const contradicting = CHECKS.filter((check) => findings[check].outcome === 'contradicts');
  return [...contradicting, ...NEEDED_TO_VERIFY].flatMap(describe)[0];
}

function refusalOf(
  findings: Readonly<Record<CheckName, Finding>>,
  request: CallbackRequest,
  { entries, catalog: { integrity } }: Signing,
): Signed['refusal'] {
  for (const check of CHECKS) {
    const finding = findings[check];
    if (finding.outcome === 'contradicts' && integrity[check] !== 'off') {
      return { check, reason: shorten(`${check}: ${finding.reason}`, MAX_REASON) };
    }
  }
  if (!isSigning(request)) return undefined;
  // Each entry is signed, so one without a transaction may sign anything.
  const isMissing =
    entries.length === 0 ||
    entries.some(({ rawTx, problem }) => rawTx === undefined && problem === undefined);
  if (integrity.rawTransaction === 'required' && isMissing) {
    const what = entries.length > 1 ? 'an entry of rawTx has no transaction' : 'the request has no rawTx';
    return { check: 'rawTransaction', reason: `rawTransaction: ${what}` };
  }
  for (const check of CHECKS) {
    const finding = findings[check];
    if (finding.outcome === 'unknown' && integrity[check] === 'require') {
      return { check, reason: shorten(`${check} can’t be known: ${finding.reason}`, MAX_REASON) };
    }
  }
  return undefined;
}
