// Warns of habits in a valid policy that cost money elsewhere: each warning has a place, a reason and what to write.
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { PolicyDocument } from '../../../src/policy/parse/document.js';
import { excerptOf, type PolicyProblem } from '../../../src/policy/parse/problem.js';
import { absenceHabits } from './absent.js';
import { addressHabits } from './addresses.js';
import { approvingHabits } from './approve/approve.js';
import { deadRules } from './dead.js';
import { duplicateHabits } from './duplicates.js';
import { evasionHabits } from './evasion.js';
import type { Finding, Subject } from './finding.js';
import { holdHabits } from './holds.js';
import { limitHabits } from './limits.js';
import { listKindHabits } from './list-kinds.js';
import { orderHabits } from './order.js';
import { settingHabits } from './settings.js';
import { stageHabits } from './stages.js';
import { tableKeyHabits } from './table-keys.js';
import { timeHabits } from './times.js';
import { unitHabits } from './units.js';
import { unusedHabits } from './unused.js';
import { valueHabits } from './values.js';

/** A warning about a policy that can be used. */
export interface Advice extends PolicyProblem {
  /** Such as `amount-open`; scripts may rely on it. */
  readonly code: string;
  /** What to write instead. */
  readonly advice: string;
}

type Habits = (subject: Subject) => readonly Finding[];

const HABITS: readonly Habits[] = [
  approvingHabits,
  valueHabits,
  addressHabits,
  unusedHabits,
  duplicateHabits,
  deadRules,
  stageHabits,
  unitHabits,
  limitHabits,
  holdHabits,
  timeHabits,
  settingHabits,
  tableKeyHabits,
  listKindHabits,
  evasionHabits,
  orderHabits,
  absenceHabits,
];

/**
 * @param policy parsed from `text`
 * @param text the policy, as YAML
 * @param file name of the file, for the places
 * @returns warnings, ordered by place
 */
export function adviseOn(policy: Policy, text: string, file: string): readonly Advice[] {
  const document = new PolicyDocument(text, file);
  const subject: Subject = { policy, document };
  return [
    ...HABITS.flatMap((habits) => habits(subject)).map((finding) => placed(finding, document)),
    ...oldWarnings(policy, text),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
}

function placed(
  { code, path, offset = 0, atKey = false, message, advice }: Finding,
  document: PolicyDocument,
): Advice {
  const at = atKey ? document.problemAtKey(path, message) : document.problemAt(path, message, offset);
  return { ...at, code, advice };
}

/** What the parser warns of: the service logs it too. */
function oldWarnings({ warnings }: Policy, text: string): readonly Advice[] {
  const lines = warnings.length === 0 ? [] : text.split('\n');
  return warnings.map((warning) => ({
    ...warning,
    ...excerptOf(lines[warning.line - 1] ?? '', warning.column),
    code: warning.code ?? 'address',
    advice: warning.advice ?? 'copy the address again from where it was published',
  }));
}
