// What is on every page.
import type { Texts } from './language.js';

interface LayoutTexts {
  readonly product: string;
  readonly skip: string;
  readonly pages: string;
  readonly waiting: string;
  readonly history: string;
  readonly limits: string;
  readonly policy: string;
  readonly signedInAs: (name: string) => string;
  readonly signOut: string;
  readonly error: string;
  readonly notFound: string;
  readonly unavailable: string;
  readonly unreadable: string;
  readonly failed: string;
  readonly back: string;
}

export const layoutTexts: Texts<LayoutTexts> = {
  en: {
    product: 'Callback handler',
    skip: 'Skip to the content',
    pages: 'Pages',
    waiting: 'Waiting',
    history: 'History',
    limits: 'Limits',
    policy: 'Policy',
    signedInAs: (name) => `Signed in as ${name}`,
    signOut: 'Sign out',
    error: 'This page can’t be shown',
    notFound: 'There is nothing at this address.',
    unavailable:
      'The store can’t be read at the moment. Reload the page in a minute; if it stays, look at the log.',
    unreadable: 'The request can’t be read.',
    failed: 'That failed unexpectedly. The log says why.',
    back: 'Back to what waits',
  },
  ja: {
    product: 'コールバックハンドラー',
    skip: '本文へ移動',
    pages: 'ページ',
    waiting: '承認待ち',
    history: '履歴',
    limits: '上限',
    policy: 'ポリシー',
    signedInAs: (name) => `${name} としてサインイン中`,
    signOut: 'サインアウト',
    error: 'このページを表示できません',
    notFound: 'このアドレスには何もありません。',
    unavailable:
      '現在ストアを読み取れません。1分後に再読み込みしてください。続く場合はログを確認してください。',
    unreadable: 'リクエストを読み取れません。',
    failed: '予期しないエラーが発生しました。ログを確認してください。',
    back: '承認待ちの一覧へ戻る',
  },
};
