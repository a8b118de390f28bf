// Defines `npm run policy -- schema`.
import type { Command } from 'commander';
import type { Output } from '../../terminal.js';
import { casesJsonSchema } from '../schema/cases-schema.js';
import { policyJsonSchema } from '../schema/policy-schema.js';

export function addSchema(program: Command, stdout: Output): void {
  program
    .command('schema')
    .summary('print the JSON schema of policy files, for editors')
    .description(
      'Prints the JSON schema of policy files. Editors use it to complete keys, to explain them and to mark mistakes.',
    )
    .option('--cases', 'print the schema of files with test cases instead')
    .action(({ cases = false }: { readonly cases?: boolean }) => {
      stdout.write(`${JSON.stringify(cases ? casesJsonSchema() : policyJsonSchema(), null, 2)}\n`);
    })
    .addHelpText(
      'after',
      [
        '',
        'Point an editor at a stored schema by the first line of a policy:',
        '  # yaml-language-server: $schema=docs/policy.schema.json',
        '',
        'Examples:',
        '  npm run --silent policy -- schema > docs/policy.schema.json',
        '  npm run --silent policy -- schema --cases > docs/cases.schema.json',
      ].join('\n'),
    );
}
