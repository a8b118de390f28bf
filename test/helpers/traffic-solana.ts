// Single changes to transfers on Solana, each with the check that refuses it.
import { PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { SOL_PYUSD, SOL_USDC } from '../../bench/traffic/assets.js';
import {
  solanaAddress,
  solanaFee,
  solanaTransfer,
  type SolanaTransfer,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  tokenAccount,
} from '../../bench/traffic/solana.js';
import {
  type Change,
  resign,
  withDestination,
  withDoubledDestination,
  withOtherPayload,
  withTrailingByte,
} from './traffic.js';

/** Changes to transfers of SOL and of tokens alike. */
export const SOLANA_CHANGES: readonly Change<SolanaTransfer>[] = [
  {
    name: 'another amount in rawTx',
    refusedBy: ['amount'],
    make: (x) => solanaTransfer(x, { ...x, units: x.units + 1n }),
  },
  {
    name: 'a larger amount displayed',
    refusedBy: ['amount'],
    make: (x) => solanaTransfer({ ...x, units: x.units + 1n }, x),
  },
  {
    name: 'another recipient in rawTx',
    refusedBy: ['recipient'],
    make: (x, random) => solanaTransfer(x, { ...x, to: solanaAddress(random) }),
  },
  {
    name: 'another recipient displayed',
    refusedBy: ['recipient'],
    make: (x, random) => solanaTransfer({ ...x, to: solanaAddress(random) }, x),
  },
  { name: 'another payload', refusedBy: ['payload'], make: (x) => withOtherPayload(solanaTransfer(x)) },
  {
    name: 'a trailing byte',
    refusedBy: ['payload'],
    make: (x) => resign(solanaTransfer(x), withTrailingByte),
  },
  {
    name: 'a missing byte',
    refusedBy: ['payload'],
    make: (x) => resign(solanaTransfer(x), (bytes) => bytes.subarray(0, -1)),
  },
  {
    name: 'a fee above the bound',
    refusedBy: ['fee'],
    make: (x) =>
      solanaTransfer(
        { ...x, fee: solanaFee(x) },
        { ...x, budget: { units: 1_000_000, microLamports: 3_000_000n } },
      ),
  },
  {
    name: 'a second transfer to a stranger',
    refusedBy: ['recipient', 'amount'],
    make: (x, random) =>
      solanaTransfer(x, {
        ...x,
        extra: [
          SystemProgram.transfer({
            fromPubkey: new PublicKey(x.from),
            toPubkey: new PublicKey(solanaAddress(random)),
            lamports: 1,
          }),
        ],
      }),
  },
  {
    name: 'the destination displayed twice',
    refusedBy: ['recipient', 'amount'],
    make: (x) => withDoubledDestination(solanaTransfer(x), x.asset.decimals),
  },
  {
    name: 'the destination paid twice',
    refusedBy: ['recipient', 'amount'],
    make: (x) => solanaTransfer(x, { ...x, extra: [payAgain(x)] }),
  },
  {
    name: 'a displayed address that differs from the stored one',
    refusedBy: ['display'],
    make: (x, random) => withDestination(solanaTransfer(x), { dstAddress: solanaAddress(random) }),
  },
  {
    name: 'an instruction of an unknown program',
    refusedBy: [],
    make: (x, random) =>
      solanaTransfer(x, {
        ...x,
        extra: [
          new TransactionInstruction({
            programId: new PublicKey(solanaAddress(random)),
            keys: [{ pubkey: new PublicKey(x.from), isSigner: true, isWritable: true }],
            data: random.bytes(9),
          }),
        ],
      }),
  },
  {
    name: 'an account given to a stranger',
    refusedBy: [],
    make: (x, random) =>
      solanaTransfer(x, {
        ...x,
        extra: [
          SystemProgram.assign({
            accountPubkey: new PublicKey(x.from),
            programId: new PublicKey(solanaAddress(random)),
          }),
        ],
      }),
  },
];

export const SPL_CHANGES: readonly Change<SolanaTransfer>[] = [
  {
    name: 'another token',
    refusedBy: ['recipient', 'amount'],
    make: (x) => solanaTransfer(x, { ...x, asset: x.asset.id === 'SOL_USDC' ? SOL_PYUSD : SOL_USDC }),
  },
  {
    name: 'a token account of a stranger',
    refusedBy: ['recipient'],
    make: (x, random) => solanaTransfer(x, { ...x, toAccount: tokenAccount(x.asset, solanaAddress(random)) }),
  },
  {
    name: 'an approval beside the transfer',
    refusedBy: [],
    make: (x, random) => solanaTransfer(x, { ...x, extra: [approval(x, solanaAddress(random))] }),
  },
  {
    name: 'other decimals in the instruction',
    refusedBy: ['amount', 'recipient', 'payload'],
    make: (x) =>
      solanaTransfer({ ...x, unchecked: false }, { ...x, unchecked: false, decimals: x.asset.decimals + 1 }),
  },
];

function payAgain({ asset, from, to, units }: SolanaTransfer): TransactionInstruction {
  if (asset.contract === undefined) {
    return SystemProgram.transfer({
      fromPubkey: new PublicKey(from),
      toPubkey: new PublicKey(to),
      lamports: units,
    });
  }
  const data = Buffer.alloc(9, 3);
  data.writeBigUInt64LE(units, 1);
  return ofTokenProgram(asset.isToken2022, [tokenAccount(asset, from), tokenAccount(asset, to)], from, data);
}

/** Instruction 4 of the token program: a delegate may spend. */
function approval({ asset, from, units }: SolanaTransfer, delegate: string): TransactionInstruction {
  const data = Buffer.alloc(9, 4);
  data.writeBigUInt64LE(units, 1);
  return ofTokenProgram(asset.isToken2022, [tokenAccount(asset, from), delegate], from, data);
}

function ofTokenProgram(
  isToken2022: boolean | undefined,
  accounts: readonly string[],
  owner: string,
  data: Buffer,
): TransactionInstruction {
  return new TransactionInstruction({
    programId: isToken2022 ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM,
    keys: [
      ...accounts.map((pubkey) => ({ pubkey: new PublicKey(pubkey), isSigner: false, isWritable: true })),
      { pubkey: new PublicKey(owner), isSigner: true, isWritable: false },
    ],
    data,
  });
}
