// Defines `npm run audit -- show`.
import type { Command } from 'commander';
import { EXIT_FAILED } from '../../command.js';
import { addArchiveOption, addPlaceOptions, type PlaceOptions, withStore } from '../../store/place.js';
import { printable } from '../../policy/table.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import type { DecisionRecord } from '../../../src/store/record.js';
import { columns, type Output, type Paint, paintAction, painter } from '../../terminal.js';
import { type AuditRecord, recordsByTime } from '../by-time.js';
import { peopleRows } from '../people-rows.js';
import { keptPolicies } from '../verify/policies.js';

interface ShowOptions extends PlaceOptions {
  readonly json?: boolean;
}

type ShownRecord = AuditRecord & { readonly body: DecisionRecord };

export function addShow(program: Command, stdout: Output): void {
  const command = program
    .command('show')
    .summary('show what was decided about a request or a transaction')
    .description(
      'Looks through all records for the decisions about one id, and shows what they were made of.',
    )
    .argument('<id>', 'a requestId, txId or externalTxId');
  addArchiveOption(addPlaceOptions(command))
    .option('--json', 'print one JSON object for each record, with request and answer as they were sent')
    .addHelpText('after', HELP)
    .action((id: string, options: ShowOptions) =>
      withStore(options, async (store) => {
        const paint = painter(stdout);
        const findPolicy = keptPolicies(store.blobs);
        let isFound = false;
        for await (const record of recordsByTime(store)) {
          if (!isAbout(record, id)) continue;
          isFound = true;
          const { body, ...place } = record;
          if (options.json === true) stdout.write(`${JSON.stringify({ ...place, ...body })}\n`);
          else {
            const policy = body.people === undefined ? undefined : await findPolicy(body);
            stdout.write(`${recordLines(paint, record, policy).join('\n')}\n\n`);
          }
        }
        if (isFound) return;
        process.stderr.write(`no record of ${store.table.name} is about ${printable(id)}\n`);
        process.exitCode = EXIT_FAILED;
      }),
    );
}

const HELP = `
Example:
  npm run audit -- show 7b2c0a5e-8f3d-4f6e-9a51-2d7c1e0b9f34 -e prod

Exit code: 0 success, 1 there is no such record or the store can't be read, 2 usage error.`;

function isAbout(record: AuditRecord, id: string): record is ShownRecord {
  const { body } = record;
  return body.type === 'decision' && [body.requestId, body.txId, body.externalTxId].includes(id);
}

/** Fields of a decision, as they are shown. */
const FIELDS = [
  ...['requestId', 'txId', 'externalTxId', 'reason', 'ruleError', 'policy', 'lists', 'content'],
  ...['cosignerKey', 'callbackKey', 'limits', 'shares', 'memory'],
] as const;

/** @param policy that decided; a text: why it can't be had */
function recordLines(
  paint: Paint,
  { writer, sequence, hash, body }: ShownRecord,
  policy: Policy | string | undefined,
): readonly string[] {
  const by = body.rule === undefined ? '' : ` by ${printable(body.rule)}`;
  const fields = body as unknown as Readonly<Record<string, unknown>>;
  const approvers = typeof policy === 'object' ? policy.approvers : undefined;
  const people = peopleRows(body, (approver) => approvers?.get(approver)?.name);
  const rows = FIELDS.flatMap((name) => {
    const value = fields[name];
    if (value === undefined) return [];
    return [[name, printable(typeof value === 'string' ? value : JSON.stringify(value))]];
  });
  return [
    `${body.at}  ${paintAction(paint, body.action)}${by}  ${body.kind}, ${body.stage}`,
    ...columns([
      ['record', `${sequence} of ${writer}`],
      ['hash', hash],
      ...people.map((row) => row.map(printable)),
      ...rows,
    ]).map((line) => `  ${line}`),
  ];
}
