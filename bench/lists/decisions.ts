// The cost of a decision that looks an address up in a long list.
import { readFileSync } from 'node:fs';
import { decideBy } from '../../src/policy/evaluate/rules.js';
import { readAddressFile } from '../../src/policy/parse/address-file.js';
import { draftPolicy } from '../../src/policy/parse/file.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { compare, type Comparison, cpuMsPerCall } from '../cpu.js';
import { addressFile, ENTRIES } from './content.js';

const CALLS = 2000;
const WARM_UP_CALLS = 5000;
const POLICY = `version: 1
lists: { sanctioned: { from: list.txt } }
rules:
  - id: sanctioned
    for: transaction
    when: tx.destinations.exists(d, d.address in lists.sanctioned)
    action: reject
`;

/** Compares a list of a million entries with one of 10. */
export async function compareDecisions(): Promise<Comparison> {
  const long = deciding(ENTRIES);
  const short = deciding(10);
  for (const call of [long, short]) await cpuMsPerCall(call, WARM_UP_CALLS);
  return compare(long, CALLS, short, CALLS);
}

function deciding(entries: number): () => unknown {
  const steps = readAddressFile(addressFile(entries), 'list.txt');
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const list = { sha256: '', addresses: step.value };
  const policy = draftPolicy(POLICY, 'bench').complete(new Map([['sanctioned', list]]));
  const request: CallbackRequest = { kind: 'transaction', requestId: 'r', payload: payload() };
  return () => decideBy(policy, request, new Date());
}

function payload(): Readonly<Record<string, unknown>> {
  const file = readFileSync('cli/cosigner/samples/tx-eth-transfer.json', 'utf8');
  return JSON.parse(file) as Record<string, unknown>;
}
