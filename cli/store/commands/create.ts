// Defines `npm run store -- create`.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Command } from 'commander';
import { hideVersionWarning, useProfile } from '../../aws/clients.js';
import type { Output } from '../../terminal.js';
import { createTable } from '../table.js';

interface CreateOptions {
  readonly table: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

export function addCreate(program: Command, stdout: Output): void {
  program
    .command('create')
    .summary('create the table, for emulators and tests')
    .description(
      'Creates a DynamoDB table for the store, if there is none, with the keys, the billing and the expiry of the table that "npm run deploy" makes. It has no customer key, no backups and no protection against deletion.',
    )
    .requiredOption('--table <name>', 'name of the table, as in STORE_TABLE')
    .option('-p, --profile <name>', 'AWS profile (default: AWS_PROFILE, AWS_ACCESS_KEY_ID, … as usual)')
    .option('-r, --region <name>', 'AWS region (default: AWS_REGION, or that of the profile)')
    .option('--json', 'print one JSON object')
    .action(async (options: CreateOptions) => {
      if (options.profile !== undefined) useProfile(options.profile);
      hideVersionWarning();
      const client = new DynamoDBClient(options.region === undefined ? {} : { region: options.region });
      try {
        const result = await createTable(client, options.table);
        stdout.write(options.json === true ? `${JSON.stringify(result, null, 2)}\n` : report(result));
      } finally {
        client.destroy();
      }
    })
    .addHelpText('after', '\nExample:\n  npm run store -- create --table callback-store');
}

function report({ table, created, expiryEnabled }: Awaited<ReturnType<typeof createTable>>): string {
  const what = created ? 'created' : 'exists already';
  const expiry = expiryEnabled ? 'expiry turned on' : 'expiry was on already';
  return `table ${table}: ${what}, ${expiry}\n\nFor the handler: STORE_TABLE=${table}\n`;
}
