// Tests every pair of changes of settings after a deployment: what is not refused would succeed.
import t, { type Test } from 'tap';
import { SettingsError } from '../../infra/settings.js';
import {
  CHANGES_IN_EXISTING_VPC,
  CHANGES_IN_OWN_VPC,
  EXISTING_VPC,
  OWN_VPC,
  type SettingChange,
} from '../helpers/setting-changes.js';
import type { Json } from '../helpers/settings.js';
import { problemsOf } from '../helpers/update-invariants.js';
import { planChange, templatesFor, type Update } from '../helpers/updates.js';

// Synthesizes hundreds of deployments.
t.setTimeout(600_000);

/** @returns undefined if the settings contradict each other */
function planned(before: Json, after: Json): Update | undefined {
  try {
    return planChange(before, after);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return undefined;
  }
}

/** Without the settings that change no template. */
function changing(base: Json, changes: readonly SettingChange[]): readonly SettingChange[] {
  const bodies = (settings: Json): string => JSON.stringify(templatesFor(settings).map(({ body }) => body));
  return changes.filter(({ change }) => bodies(change(base)) !== bodies(base));
}

function checkPairs(t: Test, base: Json, pairs: readonly (readonly [SettingChange, SettingChange])[]): void {
  const counts = { deployed: 0, refused: 0, contradictory: 0 };
  for (const [first, second] of pairs) {
    const update = planned(base, second.change(first.change(base)));
    const name = `${first.settings.join(' ')} and ${second.settings.join(' ')}`;
    if (update === undefined) counts.contradictory++;
    else if (update.refusals.length > 0) counts.refused++;
    else counts.deployed++;
    if (update !== undefined && problemsOf(update).length > 0) t.strictSame(problemsOf(update), [], name);
  }
  t.comment(JSON.stringify(counts));
  t.equal(counts.deployed + counts.refused + counts.contradictory, pairs.length);
  t.ok(counts.deployed > counts.refused && counts.refused > 0);
}

t.test('own VPC: all pairs', (t) => {
  const changes = changing(OWN_VPC, CHANGES_IN_OWN_VPC);
  checkPairs(
    t,
    OWN_VPC,
    changes.flatMap((first, index) => changes.slice(index + 1).map((second) => [first, second] as const)),
  );
  t.end();
});

t.test('existing VPC: its own settings, with all others', (t) => {
  const changes = changing(EXISTING_VPC, CHANGES_IN_EXISTING_VPC);
  const own = changes.filter(({ settings }) => settings.some((name) => /^(network|cosigner)/.test(name)));
  checkPairs(
    t,
    EXISTING_VPC,
    own.flatMap((first) =>
      changes
        .filter((second) => !own.includes(second) || own.indexOf(second) > own.indexOf(first))
        .map((second) => [first, second] as const),
    ),
  );
  t.end();
});
