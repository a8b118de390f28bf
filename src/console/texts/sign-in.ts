// Texts of signing in and of enrolment.
import type { Texts } from './language.js';

interface SignInTexts {
  readonly title: string;
  readonly lead: string;
  readonly button: string;
  readonly noPasskey: string;
  readonly enrolLink: string;
  readonly refused: string;
  readonly over: string;
  readonly enrolTitle: string;
  readonly enrolLead: string;
  readonly name: string;
  readonly nameHint: string;
  readonly create: string;
  readonly nameMissing: string;
  readonly notCreated: (problem: string) => string;
  readonly createdTitle: string;
  readonly created: string;
  readonly example: string;
  readonly copy: string;
  readonly copied: string;
  readonly signInLink: string;
  readonly cancelled: string;
  readonly working: string;
  readonly failed: string;
}

export const signInTexts: Texts<SignInTexts> = {
  en: {
    title: 'Sign in',
    lead: 'Look at what waits for people, and decide, with a passkey that the policy names.',
    button: 'Sign in',
    noPasskey: 'No passkey yet?',
    enrolLink: 'Create one',
    refused: 'This passkey is not one of the policy in force. Whoever keeps the policy can add it.',
    over: 'Your session is over: sign in again.',
    enrolTitle: 'Create a passkey',
    enrolLead:
      'The passkey stays with you. This page shows its public half, for the policy. Nothing is stored here, and nobody can approve with it before the policy names it.',
    name: 'Name',
    nameHint: 'What your device calls the passkey, such as your own name.',
    create: 'Create passkey',
    nameMissing: 'Enter a name of at most 64 characters.',
    notCreated: (problem) => `The passkey can’t be used: ${problem}`,
    createdTitle: 'Your passkey for the policy',
    created:
      'Give this text to whoever keeps the policy. It is not a secret. It belongs in the passkeys of an approver or viewer:',
    example: 'In the policy',
    copy: 'Copy',
    copied: 'Copied.',
    signInLink: 'Sign in',
    cancelled: 'The passkey was not used.',
    working: 'Use your passkey…',
    failed: 'That failed. Reload the page, and try again.',
  },
  ja: {
    title: 'サインイン',
    lead: 'ポリシーに登録されたパスキーで、承認待ちの要求を確認し、決定します。',
    button: 'サインイン',
    noPasskey: 'パスキーをお持ちでない場合:',
    enrolLink: '作成する',
    refused: 'このパスキーは現在のポリシーに登録されていません。ポリシーの管理者に追加を依頼してください。',
    over: 'セッションが終了しました。もう一度サインインしてください。',
    enrolTitle: 'パスキーの作成',
    enrolLead:
      'パスキーはあなたの手元に残ります。このページにはポリシーに登録する公開部分だけが表示されます。ここには何も保存されず、ポリシーに登録されるまで承認には使えません。',
    name: '名前',
    nameHint: '端末に表示されるパスキーの名前です。',
    create: 'パスキーを作成',
    nameMissing: '64文字以内で名前を入力してください。',
    notCreated: (problem) => `このパスキーは使えません: ${problem}`,
    createdTitle: 'ポリシー用のパスキー',
    created:
      'この文字列をポリシーの管理者に渡してください。秘密ではありません。承認者または閲覧者の passkeys に記入します。',
    example: 'ポリシーの記入例',
    copy: 'コピー',
    copied: 'コピーしました。',
    signInLink: 'サインイン',
    cancelled: 'パスキーは使用されませんでした。',
    working: 'パスキーを使用してください…',
    failed: '失敗しました。ページを再読み込みして、もう一度お試しください。',
  },
};
