/** Strict types, and the layers of the front end: what must not know what. */

import eslint from '@eslint/js';
import importPlugin from 'eslint-plugin-import';
import tseslint from 'typescript-eslint';

const src = './src';
const zone = (target, from, message) => ({
  target: `${src}/${target}`,
  from: from.map(one => `${src}/${one}`),
  message
});
const features = ['panel', 'run', 'launch', 'follow', 'drive'];

export default tseslint.config(
  {
    ignores: [
      'lib/',
      '.test-build/',
      'reana_jupyterlab/',
      'node_modules/',
      'eslint.config.mjs',
      'style/index.js',
      'dist/'
    ]
  },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['tsconfig.json', 'tsconfig.test.json'], tsconfigRootDir: import.meta.dirname }
    },
    plugins: { import: importPlugin },
    settings: { 'import/resolver': { node: { extensions: ['.ts', '.tsx'] } } },
    rules: {
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      // Signals answer with void; a handler that is a promise says `void`.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true }
      ],
      // Components are namespaced types of React; Lumino's are too.
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // An index may be out of bounds: `noUncheckedIndexedAccess` says so, this rule does not know it.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'off',
      // Lumino's signals take a method and its `this`, side by side.
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'import/no-restricted-paths': [
        'error',
        {
          zones: [
            zone('api', ['model', 'ui', 'plugins', ...features], 'The back end is below everything.'),
            zone('model', ['ui', 'plugins', ...features], 'State knows neither React nor views.'),
            zone('ui', ['plugins', ...features], 'Bricks do not know what is built of them.'),
            ...features.map(one => zone(one, ['plugins'], 'Plug-ins put features together, not the other way.'))
          ]
        }
      ]
    }
  }
);
