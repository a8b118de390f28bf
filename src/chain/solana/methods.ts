// Methods of Solana's programs, by the number that their instructions begin with.

/** https://docs.rs/solana-system-interface (`SystemInstruction`), in order. */
export const SYSTEM_METHODS: readonly string[] = [
  'createAccount',
  'assign',
  'transfer',
  'createAccountWithSeed',
  'advanceNonceAccount',
  'withdrawNonceAccount',
  'initializeNonceAccount',
  'authorizeNonceAccount',
  'allocate',
  'allocateWithSeed',
  'assignWithSeed',
  'transferWithSeed',
  'upgradeNonceAccount',
];

/** https://docs.rs/spl-token-interface (`TokenInstruction`), in order. */
export const TOKEN_METHODS: readonly string[] = [
  'initializeMint',
  'initializeAccount',
  'initializeMultisig',
  'transfer',
  'approve',
  'revoke',
  'setAuthority',
  'mintTo',
  'burn',
  'closeAccount',
  'freezeAccount',
  'thawAccount',
  'transferChecked',
  'approveChecked',
  'mintToChecked',
  'burnChecked',
  'initializeAccount2',
  'syncNative',
  'initializeAccount3',
  'initializeMultisig2',
  'initializeMint2',
  'getAccountDataSize',
  'initializeImmutableOwner',
  'amountToUiAmount',
  'uiAmountToAmount',
];

/** https://docs.rs/solana-compute-budget-interface (`ComputeBudgetInstruction`): names, and lengths of the data. */
export const COMPUTE_BUDGET_METHODS = [
  undefined,
  ['requestHeapFrame', 5],
  ['setComputeUnitLimit', 5],
  ['setComputeUnitPrice', 9],
  ['setLoadedAccountsDataSizeLimit', 5],
] as const;

/** They move coins or tokens, or give rights over them. */
export const DANGEROUS: ReadonlySet<string> = new Set([
  'system.assign',
  'system.assignWithSeed',
  'system.withdrawNonceAccount',
  'system.authorizeNonceAccount',
  'system.transferWithSeed',
  'token.approve',
  'token.approveChecked',
  'token.setAuthority',
  'token.mintTo',
  'token.mintToChecked',
  'token.burn',
  'token.burnChecked',
]);
