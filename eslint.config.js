import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What the console’s script uses of a browser. */
const BROWSER = Object.fromEntries(
  [
    ...['document', 'location', 'navigator', 'window', 'fetch', 'setInterval', 'setTimeout'],
    ...['PublicKeyCredential', 'FormData', 'DOMParser', 'CSS', 'URL', 'history'],
  ].map((name) => [name, 'readonly']),
);

export default tseslint.config(
  { ignores: ['dist/', '.tap/', '.build/', '.local/', '.cdk/'] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] } } },
    rules: {
      // Numbers are allowed in template strings; only objects must not be stringified by accident.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => void emit()` marks a result that is discarded on purpose.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Index signatures are read with brackets (noPropertyAccessFromIndexSignature).
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  {
    files: ['test/**'],
    rules: {
      // tap waits for its subtests automatically.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafePromises: [
            { from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' },
          ],
        },
      ],
    },
  },
  {
    // Runs in browsers.
    files: ['src/console/assets/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['CSS', 'document', 'DOMParser', 'fetch', 'Intl', 'location', 'navigator', 'PublicKeyCredential']
          .concat(['setInterval'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    // What a browser runs.
    files: ['src/console/assets/*.js'],
    languageOptions: { globals: BROWSER },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
