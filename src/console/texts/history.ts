// The history, and the story of one request.
import type { Texts } from './language.js';

interface HistoryTexts {
  readonly title: string;
  readonly intro: string;
  readonly filters: string;
  readonly action: string;
  readonly anyAction: string;
  readonly rule: string;
  readonly asset: string;
  readonly day: string;
  readonly text: string;
  readonly textHint: string;
  readonly show: string;
  readonly reset: string;
  readonly dayInvalid: string;
  readonly textNeedsDay: string;
  readonly table: string;
  readonly time: string;
  readonly amount: string;
  readonly request: string;
  readonly none: string;
  readonly lookedUntil: (time: string) => string;
  readonly end: string;
  readonly goOn: string;
  readonly older: string;
  readonly newest: string;
  readonly pager: string;
  readonly download: (day: string) => string;
  readonly downloadHint: string;
  readonly exportNeedsDay: string;
  readonly story: StoryTexts;
}

export interface StoryTexts {
  readonly title: (requestId: string) => string;
  readonly notFound: string;
  readonly timeline: string;
  readonly facts: string;
  readonly kind: string;
  readonly transaction: string;
  readonly configuration: string;
  readonly stage: string;
  readonly approval: string;
  readonly signing: string;
  readonly asked: (stage: string) => string;
  readonly held: (rule: string, hold: string) => string;
  readonly stillHeld: (tries: number) => string;
  readonly tried: (tries: number) => string;
  readonly openHold: string;
  readonly approvedBy: (name: string) => string;
  readonly rejectedBy: (name: string) => string;
  readonly reason: string;
  readonly answered: (stage: string) => string;
  readonly byRule: (rule: string) => string;
  readonly ruleError: string;
  readonly recordGone: string;
  readonly limits: string;
  readonly limit: string;
  readonly key: string;
  readonly spent: string;
  readonly added: string;
  readonly max: string;
  readonly record: string;
  readonly policy: string;
  readonly related: string;
  readonly request: string;
  readonly requestUnreadable: string;
}

export const historyTexts: Texts<HistoryTexts> = {
  en: {
    title: 'History',
    intro: 'Every decision of the handler, the newest first. Times are in UTC.',
    filters: 'Filter the decisions',
    action: 'Action',
    anyAction: 'Any',
    rule: 'Rule',
    asset: 'Asset',
    day: 'Day (UTC)',
    text: 'Text in the request',
    textHint: 'An id, an address, an amount. Needs a day.',
    show: 'Show',
    reset: 'Clear the filter',
    dayInvalid: 'The day is not a date such as 2026-11-26.',
    textNeedsDay: 'To look for a text, choose a day as well: whole requests are read for it.',
    table: 'Decisions',
    time: 'Time',
    amount: 'Amount',
    request: 'Request',
    none: 'No decision fits here.',
    lookedUntil: (time) => `Looked back until ${time}.`,
    end: 'There is nothing older.',
    goOn: 'Go on from there',
    older: 'Older',
    newest: 'Newest',
    pager: 'Pages of the history',
    download: (day) => `Download ${day}`,
    downloadHint: 'To download decisions as CSV or JSON, choose a day.',
    exportNeedsDay: 'Choose a day: /history.csv?day=2026-11-26',
    story: {
      title: (requestId) => `Request ${requestId}`,
      notFound:
        'Nothing is known of this request: it was never asked, it got no final answer, or it is too old.',
      timeline: 'What happened',
      facts: 'The request',
      kind: 'Kind',
      transaction: 'Transaction',
      configuration: 'Configuration change',
      stage: 'Stage',
      approval: 'approval',
      signing: 'signing',
      asked: (stage) => `The Co-signer asked (${stage}).`,
      held: (rule, hold) => `Rule ${rule} held it for people: ${hold}.`,
      stillHeld: (tries) =>
        `It waits for people. The Co-signer has asked ${tries === 1 ? 'once' : `${tries} times`} so far.`,
      tried: (tries) => `The Co-signer asked ${tries === 1 ? 'once' : `${tries} times`} in all.`,
      openHold: 'Look at what it waits for',
      approvedBy: (name) => `${name} approved.`,
      rejectedBy: (name) => `${name} rejected.`,
      reason: 'Reason',
      answered: (stage) => `Answered (${stage}):`,
      byRule: (rule) => `by rule ${rule}`,
      ruleError: 'A rule could not be evaluated',
      recordGone: 'The record of this answer is not there any more.',
      limits: 'Limits at that time',
      limit: 'Limit',
      key: 'For',
      spent: 'Spent before',
      added: 'This request',
      max: 'Maximum',
      record: 'Record',
      policy: 'Policy (SHA-256)',
      related: 'Other requests of this transaction',
      request: 'As it was asked',
      requestUnreadable: 'The request can’t be read.',
    },
  },
  ja: {
    title: '履歴',
    intro: 'ハンドラーのすべての判定を新しい順に表示します。時刻は UTC です。',
    filters: '判定を絞り込む',
    action: 'アクション',
    anyAction: 'すべて',
    rule: 'ルール',
    asset: '資産',
    day: '日付 (UTC)',
    text: 'リクエスト内の文字列',
    textHint: 'ID、アドレス、数量など。日付の指定が必要です。',
    show: '表示',
    reset: '絞り込みを解除',
    dayInvalid: '日付は 2026-11-26 の形式で指定してください。',
    textNeedsDay: '文字列で検索するには日付も指定してください。リクエスト全体を読み取るためです。',
    table: '判定',
    time: '時刻',
    amount: '数量',
    request: 'リクエスト',
    none: '該当する判定はありません。',
    lookedUntil: (time) => `${time} まで調べました。`,
    end: 'これより古いものはありません。',
    goOn: '続きを調べる',
    older: '古いものへ',
    newest: '最新へ',
    pager: '履歴のページ',
    download: (day) => `${day} をダウンロード`,
    downloadHint: '判定を CSV または JSON でダウンロードするには、日付を指定してください。',
    exportNeedsDay: '日付を指定してください: /history.csv?day=2026-11-26',
    story: {
      title: (requestId) => `リクエスト ${requestId}`,
      notFound: 'このリクエストの記録はありません。要求されていないか、最終的な回答がないか、古すぎます。',
      timeline: '経過',
      facts: 'リクエストの内容',
      kind: '種類',
      transaction: 'トランザクション',
      configuration: '設定変更',
      stage: '段階',
      approval: '承認',
      signing: '署名',
      asked: (stage) => `Co-signer が要求しました（${stage}）。`,
      held: (rule, hold) => `ルール ${rule} により人の承認待ちになりました: ${hold}。`,
      stillHeld: (tries) => `承認待ちです。Co-signer はこれまでに ${tries} 回要求しました。`,
      tried: (tries) => `Co-signer は合計 ${tries} 回要求しました。`,
      openHold: '承認待ちの内容を見る',
      approvedBy: (name) => `${name} が承認しました。`,
      rejectedBy: (name) => `${name} が却下しました。`,
      reason: '理由',
      answered: (stage) => `回答しました（${stage}）:`,
      byRule: (rule) => `ルール ${rule} による`,
      ruleError: 'ルールを評価できませんでした',
      recordGone: 'この回答の記録はもうありません。',
      limits: 'その時点の上限',
      limit: '上限',
      key: '対象',
      spent: 'それまでの使用量',
      added: 'このリクエスト',
      max: '最大',
      record: '記録',
      policy: 'ポリシー (SHA-256)',
      related: 'このトランザクションの他のリクエスト',
      request: '要求された内容',
      requestUnreadable: 'リクエストを読み取れません。',
    },
  },
};
