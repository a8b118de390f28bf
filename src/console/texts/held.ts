// Texts of the requests that wait for people.
import type { Texts } from './language.js';

export interface HeldTexts {
  readonly title: string;
  readonly count: (n: number, isMore: boolean) => string;
  readonly nothing: string;
  readonly nothingHint: string;
  readonly older: string;
  readonly newest: string;
  readonly updated: string;
  readonly operations: Readonly<Record<string, string>>;
  readonly configuration: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  readonly call: string;
  readonly contract: string;
  readonly moves: string;
  readonly allows: string;
  readonly movement: (what: string, to: string) => string;
  readonly incomplete: string;
  readonly message: string;
  readonly digest: string;
  readonly noDigest: string;
  readonly fee: string;
  readonly note: string;
  readonly initiator: string;
  readonly unproven: string;
  readonly signer: string;
  readonly stage: string;
  readonly stages: Readonly<Record<'approval' | 'signing', string>>;
  readonly checked: string;
  readonly verified: string;
  readonly notVerified: (problem: string) => string;
  readonly called: (name: string) => string;
  readonly unlisted: string;
  readonly tag: (tag: string) => string;
  readonly rule: string;
  readonly why: string;
  readonly limitAfter: string;
  readonly limit: (after: string, max: string) => string;
  readonly over: string;
  readonly limitError: string;
  readonly people: string;
  readonly approvals: (n: number, quorum: number) => string;
  readonly approved: string;
  readonly rejected: string;
  readonly undecided: string;
  readonly excluded: string;
  readonly noPasskey: string;
  readonly timeLeft: string;
  readonly expired: string;
  readonly expires: string;
  readonly asked: (times: number) => string;
  readonly lastAsked: string;
  readonly id: string;
  readonly open: string;
  readonly reason: string;
  readonly reasonHint: string;
  readonly approve: string;
  readonly reject: string;
  readonly decide: string;
  readonly signs: string;
  readonly signsHint: string;
  readonly decided: (verdict: 'approve' | 'reject') => string;
  readonly viewer: string;
  readonly notOf: string;
  readonly isInitiator: string;
  readonly notHeld: (action: string, rule: string) => string;
  readonly done: (action: string) => string;
  readonly isExpired: string;
  readonly payload: string;
  readonly story: string;
  readonly gone: string;
  readonly refused: (problem: string) => string;
  readonly changed: string;
  readonly already: string;
  readonly cancelled: string;
  readonly working: string;
  readonly failed: string;
}

const en: HeldTexts = {
  title: 'Waiting for people',
  count: (n, isMore) => `${n}${isMore ? '+' : ''} ${n === 1 ? 'request waits' : 'requests wait'}`,
  nothing: 'Nothing waits.',
  nothingHint: 'A request appears here as soon as a rule holds it. The page updates by itself.',
  older: 'Older requests',
  newest: 'Newest requests',
  updated: 'The list has changed.',
  operations: {
    TRANSFER: 'Transfer',
    CONTRACT_CALL: 'Contract call',
    PROGRAM_CALL: 'Program call',
    TYPED_MESSAGE: 'Signature of a typed message',
    RAW: 'Raw signature',
    MINT: 'Mint',
    BURN: 'Burn',
    STAKE: 'Stake',
    UNSTAKE: 'Unstake',
    WITHDRAW: 'Withdrawal',
    ENABLE_ASSET: 'Enable an asset',
  },
  configuration: 'Configuration change',
  from: 'From',
  to: 'To',
  amount: 'Amount',
  call: 'Call',
  contract: 'Contract',
  moves: 'Moves',
  allows: 'Allows to spend',
  movement: (what, to) => `${what} to ${to}`,
  incomplete: 'Not everything in this call can be read.',
  message: 'Message',
  digest: 'Digest that will be signed',
  noDigest: 'None yet: this request is about the approval.',
  fee: 'Network fee',
  note: 'Note',
  initiator: 'Initiated by',
  unproven: 'not proven',
  signer: 'Signer',
  stage: 'Stage',
  stages: { approval: 'Approval', signing: 'Signing' },
  checked: 'What is signed',
  verified: 'agrees with what is shown',
  notVerified: (problem) => `not verified: ${problem}`,
  called: (name) => `called “${name}” by the workspace`,
  unlisted: 'on no list of the policy',
  tag: (tag) => `tag ${tag}`,
  rule: 'Held by rule',
  why: 'Because',
  limitAfter: 'After it, limit',
  limit: (after, max) => `${after} of ${max}`,
  over: 'would be exceeded: approvals do not help',
  limitError: 'can’t be evaluated',
  people: 'People',
  approvals: (n, quorum) => `${n} of ${quorum} approvals`,
  approved: 'approved',
  rejected: 'rejected',
  undecided: 'has not decided',
  excluded: 'may not approve this request',
  noPasskey: 'has no passkey yet',
  timeLeft: 'Time left',
  expired: 'expired',
  expires: 'Expires',
  asked: (times) => (times === 1 ? 'Asked once' : `Asked ${times} times`),
  lastAsked: 'last',
  id: 'Request',
  open: 'Look and decide',
  reason: 'Reason',
  reasonHint: 'For a rejection. It is stored in the workspace’s audit log, and is not part of what you sign.',
  approve: 'Approve',
  reject: 'Reject',
  decide: 'Your decision',
  signs: 'To approve, your passkey signs',
  signsHint: 'SHA-256 of the decision, this very request, and your name. It is worth nothing for any other.',
  decided: (verdict) =>
    verdict === 'approve'
      ? 'You have approved this request. It is answered when the Co-signer asks next.'
      : 'You have rejected this request. It is answered when the Co-signer asks next.',
  viewer: 'You may look, and not decide.',
  notOf: 'You are not one of those who decide about this request.',
  isInitiator:
    'You may not approve this request, because you initiated it or it is not proven who did. You may reject it.',
  notHeld: (action, rule) =>
    `The policy in force does not hold this request any more: it would answer ${action} by ${rule}.`,
  done: (action) => `This request has been answered: ${action}.`,
  isExpired: 'The time for this request is over.',
  payload: 'All fields of the request',
  story: 'Story of this request',
  gone: 'No request with this id waits, or has waited.',
  refused: (problem) => `The decision was refused: ${problem}`,
  changed: 'The request has changed or was answered: reload the page.',
  already: 'You have decided about this request already.',
  cancelled: 'The passkey was not used. Nothing has been decided.',
  working: 'Use your passkey…',
  failed: 'That failed. Reload the page, and try again.',
};

const ja: HeldTexts = {
  title: '承認待ち',
  count: (n, isMore) => `${n}${isMore ? '件以上' : '件'}の要求が待機中`,
  nothing: '待機中の要求はありません。',
  nothingHint: 'ルールが要求を保留すると、ここに表示されます。ページは自動で更新されます。',
  older: '以前の要求',
  newest: '最新の要求',
  updated: '一覧が更新されました。',
  operations: {
    TRANSFER: '送金',
    CONTRACT_CALL: 'コントラクト呼び出し',
    PROGRAM_CALL: 'プログラム呼び出し',
    TYPED_MESSAGE: '型付きメッセージへの署名',
    RAW: '生データへの署名',
    MINT: 'ミント',
    BURN: 'バーン',
    STAKE: 'ステーキング',
    UNSTAKE: 'ステーキング解除',
    WITHDRAW: '出金',
    ENABLE_ASSET: '資産の有効化',
  },
  configuration: '設定変更',
  from: '送金元',
  to: '送金先',
  amount: '金額',
  call: '呼び出し',
  contract: 'コントラクト',
  moves: '移動する資産',
  allows: '使用を許可する資産',
  movement: (what, to) => `${what} → ${to}`,
  incomplete: 'この呼び出しには読み取れない部分があります。',
  message: 'メッセージ',
  digest: '署名されるダイジェスト',
  noDigest: 'まだありません。承認段階の要求です。',
  fee: 'ネットワーク手数料',
  note: 'メモ',
  initiator: '開始者',
  unproven: '証明なし',
  signer: '署名者',
  stage: '段階',
  stages: { approval: '承認', signing: '署名' },
  checked: '署名内容',
  verified: '表示内容と一致',
  notVerified: (problem) => `未確認: ${problem}`,
  called: (name) => `ワークスペースでの名称「${name}」`,
  unlisted: 'ポリシーのどのリストにもありません',
  tag: (tag) => `タグ ${tag}`,
  rule: '保留したルール',
  why: '理由',
  limitAfter: '承認後の上限',
  limit: (after, max) => `${max} 中 ${after}`,
  over: '上限を超えます。承認しても通りません',
  limitError: '評価できません',
  people: '承認者',
  approvals: (n, quorum) => `${quorum} 件中 ${n} 件の承認`,
  approved: '承認済み',
  rejected: '却下済み',
  undecided: '未決定',
  excluded: 'この要求は承認できません',
  noPasskey: 'パスキー未登録',
  timeLeft: '残り時間',
  expired: '期限切れ',
  expires: '期限',
  asked: (times) => `問い合わせ ${times} 回`,
  lastAsked: '最終',
  id: '要求',
  open: '内容を確認して決定',
  reason: '理由',
  reasonHint: '却下する場合の理由です。ワークスペースの監査ログに保存されますが、署名の対象ではありません。',
  approve: '承認',
  reject: '却下',
  decide: 'あなたの決定',
  signs: '承認時にパスキーが署名する値',
  signsHint: '決定、この要求、あなたの名前の SHA-256 です。ほかの要求には使えません。',
  decided: (verdict) =>
    verdict === 'approve'
      ? 'この要求を承認しました。Co-signer の次の問い合わせで回答されます。'
      : 'この要求を却下しました。Co-signer の次の問い合わせで回答されます。',
  viewer: '閲覧のみ可能です。決定はできません。',
  notOf: 'あなたはこの要求の承認者ではありません。',
  isInitiator: '自分が開始したか、開始者が証明されていないため、この要求を承認できません。却下はできます。',
  notHeld: (action, rule) =>
    `現在のポリシーではこの要求は保留されません。ルール ${rule} により ${action} と回答されます。`,
  done: (action) => `この要求には回答済みです: ${action}`,
  isExpired: 'この要求の期限は過ぎました。',
  payload: '要求のすべての項目',
  story: 'この要求の経緯',
  gone: 'この ID の要求はありません。',
  refused: (problem) => `決定は受け付けられませんでした: ${problem}`,
  changed: '要求が変更されたか、回答済みです。ページを再読み込みしてください。',
  already: 'この要求についてはすでに決定済みです。',
  cancelled: 'パスキーは使用されませんでした。何も決定されていません。',
  working: 'パスキーを使用してください…',
  failed: '失敗しました。ページを再読み込みして、もう一度お試しください。',
};

export const heldTexts: Texts<HeldTexts> = { en, ja };
