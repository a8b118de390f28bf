// The policy in force.
import type { Texts } from './language.js';

interface PolicyTexts {
  readonly title: string;
  readonly inForce: string;
  readonly hash: string;
  readonly size: (rules: number, limits: number) => string;
  readonly otherwise: string;
  readonly onError: string;
  readonly warnings: string;
  readonly noWarnings: string;
  readonly line: string;
  readonly warning: string;
  readonly approvers: string;
  readonly viewers: string;
  readonly holds: string;
  readonly nobody: string;
  readonly noHolds: string;
  readonly key: string;
  readonly name: string;
  readonly passkeys: string;
  readonly hold: string;
  readonly of: string;
  readonly quorum: string;
  readonly expires: string;
  readonly onExpiry: string;
  readonly notInitiator: string;
  readonly minutes: (minutes: number) => string;
  readonly text: string;
  readonly candidate: string;
  readonly candidateIntro: string;
  readonly candidateText: string;
  readonly difference: string;
  readonly sameRules: string;
  readonly rule: string;
  readonly change: string;
  readonly before: string;
  readonly after: string;
  readonly added: string;
  readonly removed: string;
  readonly changed: string;
  readonly moved: string;
  readonly noCandidate: string;
  readonly sameAsInForce: string;
}

export const policyTexts: Texts<PolicyTexts> = {
  en: {
    title: 'Policy',
    inForce: 'The policy in force',
    hash: 'SHA-256',
    size: (rules, limits) => `${rules} rules, ${limits} limits`,
    otherwise: 'If no rule matches',
    onError: 'If a rule can’t be evaluated',
    warnings: 'Warnings',
    noWarnings: 'There are no warnings.',
    line: 'Line',
    warning: 'Warning',
    approvers: 'Approvers',
    viewers: 'Viewers',
    holds: 'Holds',
    nobody: 'The policy names nobody.',
    noHolds: 'The policy has no holds.',
    key: 'Key',
    name: 'Name',
    passkeys: 'Passkeys',
    hold: 'Hold',
    of: 'Approvers',
    quorum: 'Needed',
    expires: 'Expires after',
    onExpiry: 'Then',
    notInitiator: 'Not if they initiated it',
    minutes: (minutes) => `${minutes} min`,
    text: 'The file',
    candidate: 'The candidate',
    candidateIntro: 'It is compared with the policy in force, and decides nothing.',
    noCandidate: 'There is no candidate.',
    candidateText: 'Text of the candidate',
    difference: 'Rules that differ',
    sameRules: 'The rules are the same; something else differs.',
    rule: 'Rule',
    change: 'Change',
    before: 'In force',
    after: 'In the candidate',
    added: 'added',
    removed: 'removed',
    changed: 'changed',
    moved: 'in another place',
    sameAsInForce: 'It is the same as the policy in force.',
  },
  ja: {
    title: 'ポリシー',
    inForce: '適用中のポリシー',
    hash: 'SHA-256',
    size: (rules, limits) => `ルール ${rules} 件、上限 ${limits} 件`,
    otherwise: 'どのルールにも該当しない場合',
    onError: 'ルールを評価できない場合',
    warnings: '警告',
    noWarnings: '警告はありません。',
    line: '行',
    warning: '警告',
    approvers: '承認者',
    viewers: '閲覧者',
    holds: '保留',
    nobody: 'ポリシーに登録がありません。',
    noHolds: 'ポリシーに保留はありません。',
    key: 'キー',
    name: '名前',
    passkeys: 'パスキー',
    hold: '保留',
    of: '承認者',
    quorum: '必要数',
    expires: '期限',
    onExpiry: '期限後',
    notInitiator: '自身が開始した場合は不可',
    minutes: (minutes) => `${minutes} 分`,
    text: 'ファイル',
    candidate: '候補',
    candidateText: '候補の本文',
    difference: '異なるルール',
    sameRules: 'ルールは同じです。ほかの部分が異なります。',
    rule: 'ルール',
    change: '変更',
    before: '適用中',
    after: '候補',
    added: '追加',
    removed: '削除',
    changed: '変更',
    moved: '順序の変更',
    candidateIntro: '適用中のポリシーと比較されるだけで、判定には使われません。',
    noCandidate: '候補はありません。',
    sameAsInForce: '適用中のポリシーと同じです。',
  },
};
