// Defines `npm run policy -- sign`.
import { type Command, InvalidArgumentError } from 'commander';
import { addOperatorOptions } from '../../operator-command.js';
import { count, type Output, painter } from '../../terminal.js';
import type { Signing, SignOptions } from '../sign/sign.js';
import {
  addExamples,
  policyHelp,
  policyOption,
  type PolicyOptions,
  runAction,
  selectPolicy,
} from './action.js';

export function addSign(program: Command, stdout: Output): void {
  const sign = program
    .command('sign')
    .summary('sign a policy, where policies must be signed')
    .description(
      'Signs a policy for an environment, and stores the signature beside it, in FILE.sig. With policySigners in the settings, the service takes only policies that enough signers have signed.',
    )
    .argument('[file]', policyHelp)
    .addOption(policyOption('same as the file argument'))
    .requiredOption('--key <file>', 'your private key: Ed25519, PEM')
    .option(
      '--serial <number>',
      'serial of the signatures (default: that of FILE.sig, or one more than in AWS)',
      parseSerial,
    )
    .option('--for <name>', 'what the policy is for (default: the parameter of the environment)')
    .option('--name <name>', 'your name, if your key is not in the settings yet')
    .action((file: string | undefined, options: SignOptions & PolicyOptions) =>
      runAction(stdout, options, async () => {
        const policyFile = selectPolicy(options, file);
        const { signPolicy } = await import('../sign/sign.js');
        // Only a new serial needs AWS.
        const { nextSerialInAws } = await import('../sign/next-serial.js');
        const signing = await signPolicy(policyFile, options, nextSerialInAws);
        if (options.json === true) stdout.write(`${JSON.stringify(summaryOf(policyFile, signing))}\n`);
        else print(stdout, policyFile, options, signing);
        return true;
      }),
    );
  addOperatorOptions(sign);
  addExamples(sign, 'the policy has problems, or the serial could not be read from AWS', [
    'npm run policy -- sign -e prod --key alice.pem',
    'npm run policy -- sign policy.yaml -e prod --key bob.pem --serial 12',
  ]);
}

function parseSerial(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A serial is a whole number of 1 or more.');
}

function summaryOf(file: string, signing: Signing): object {
  const { policy, signatureFile, signed, signer, publicKey, changed, quorum, missing, warnings } = signing;
  return {
    ...{ file, signatureFile, for: signed.for, serial: signed.serial, sha256: policy.hash },
    ...{ rules: policy.rules.length, signer, publicKey, changed },
    signers: signed.signatures.map((each) => each.signer),
    ...{ quorum: quorum ?? null, missing: missing ?? null, warnings },
  };
}

function print(stdout: Output, file: string, { env }: SignOptions, signing: Signing): void {
  const { policy, signatureFile, signed, signer, publicKey, changed, quorum, missing, warnings } = signing;
  const paint = painter(stdout);
  const names = signed.signatures.map((each) => each.signer).join(', ');
  const needed = quorum === undefined ? '' : ` (${quorum} needed)`;
  const lines = [
    ...warnings.map((warning) => `${paint('yellow', 'warning')}  ${warning}`),
    `for      ${signed.for}`,
    `serial   ${signed.serial}`,
    `sha256   ${policy.hash}`,
    `rules    ${count(policy.rules.length, 'rule')} in ${file}`,
    `signer   ${signer}, ${publicKey}`,
    '',
    changed
      ? `${paint('green', 'Signed')} in ${signatureFile}, by ${names}${needed}`
      : `No change: ${signatureFile} is signed by ${names}${needed}`,
    ...(quorum === undefined
      ? [`To ask for signatures, add to policySigners.keys in the settings: "${signer}": "${publicKey}"`]
      : missing === undefined
        ? [`Next: npm run policy -- push ${file} -e ${env}`]
        : [`Missing: ${missing}`]),
  ];
  stdout.write(`${lines.join('\n')}\n`);
}
