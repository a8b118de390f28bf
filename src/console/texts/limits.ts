// The limits, and how much of each is spent.
import type { Texts } from './language.js';

interface LimitsTexts {
  readonly title: string;
  readonly intro: string;
  readonly none: string;
  readonly window: string;
  readonly sliding: (days: number, hours: number, minutes: number) => string;
  readonly calendar: (calendar: 'day' | 'week' | 'month', zone: string) => string;
  readonly counts: string;
  readonly transactions: string;
  readonly per: string;
  readonly when: string;
  readonly over: string;
  readonly key: string;
  readonly total: string;
  readonly spent: string;
  readonly remaining: string;
  readonly max: string;
  readonly share: string;
  readonly frees: string;
  readonly unreadable: string;
  readonly noMax: string;
  readonly noKeys: string;
  readonly cut: (rows: number) => string;
  readonly lookup: (limit: string) => string;
  readonly lookupKey: (per: string) => string;
  readonly lookupHint: string;
  readonly show: string;
}

export const limitsTexts: Texts<LimitsTexts> = {
  en: {
    title: 'Limits',
    intro: 'What is spent of each limit of the policy in force, as the store counts it now.',
    none: 'The policy has no limits.',
    window: 'Window',
    sliding: (days, hours, minutes) => `the last ${unitsText(days, hours, minutes)}`,
    calendar: (calendar, zone) => `this ${calendar} in ${zone}`,
    counts: 'Counts',
    transactions: 'transactions',
    per: 'For each',
    when: 'When',
    over: 'What does not fit gets',
    key: 'Key',
    total: 'All together',
    spent: 'Spent',
    remaining: 'Remaining',
    max: 'Maximum',
    share: 'Share',
    frees: 'Next to be free again',
    unreadable: 'what is stored can’t be read',
    noMax: 'no maximum',
    noKeys: 'The newest decisions have not counted anything. Look a key up:',
    cut: (rows) => `Only ${rows} counters are shown. Look others up by their key.`,
    lookup: (limit) => `Look up a counter of ${limit}`,
    lookupKey: (per) => `Key (${per})`,
    lookupHint:
      'Shown are the keys in the policy and in the newest decisions. Values of several expressions are separated by “ / ”.',
    show: 'Show',
  },
  ja: {
    title: '上限',
    intro: '適用中のポリシーの各上限について、現在ストアに記録されている使用量を表示します。',
    none: 'ポリシーに上限はありません。',
    window: '期間',
    sliding: (days, hours, minutes) => `直近 ${unitsTextJa(days, hours, minutes)}`,
    calendar: (calendar, zone) => `${{ day: '当日', week: '今週', month: '今月' }[calendar]} (${zone})`,
    counts: '集計対象',
    transactions: 'トランザクション数',
    per: '単位',
    when: '条件',
    over: '超過時のアクション',
    key: 'キー',
    total: '合計',
    spent: '使用済み',
    remaining: '残り',
    max: '最大',
    share: '割合',
    frees: '次に空く時刻と量',
    unreadable: '保存内容を読み取れません',
    noMax: '最大値なし',
    noKeys: '最近の判定では集計がありません。キーを指定して確認できます。',
    cut: (rows) => `${rows} 件のみ表示しています。他はキーを指定して確認してください。`,
    lookup: (limit) => `${limit} のカウンターを調べる`,
    lookupKey: (per) => `キー (${per})`,
    lookupHint: 'ポリシーと最近の判定に含まれるキーを表示しています。複数の値は「 / 」で区切ります。',
    show: '表示',
  },
};

function unitsText(days: number, hours: number, minutes: number): string {
  const units = [
    [days, 'day'],
    [hours, 'hour'],
    [minutes, 'minute'],
  ] as const;
  return units
    .flatMap(([number, name]) => (number === 0 ? [] : [`${number} ${name}${number === 1 ? '' : 's'}`]))
    .join(' ');
}

function unitsTextJa(days: number, hours: number, minutes: number): string {
  const units = [
    [days, '日'],
    [hours, '時間'],
    [minutes, '分'],
  ] as const;
  return units.flatMap(([number, name]) => (number === 0 ? [] : [`${number}${name}`])).join('');
}
