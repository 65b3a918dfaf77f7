import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const chance =
  "Chance is the server's: every draw comes from its seed. No number in the pages is random.";

export default ts.config(
  { ignores: ['target/', '*.tmp.mjs'] },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', 'e2e/*.js'] },
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      'no-undef': 'off',
      'svelte/no-at-html-tags': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    files: ['src/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: chance },
        { object: 'crypto', message: chance },
        { object: 'window', property: 'crypto', message: chance },
        { object: 'globalThis', property: 'crypto', message: chance },
        { object: 'self', property: 'crypto', message: chance },
        { property: 'getRandomValues', message: chance },
        { property: 'randomUUID', message: chance },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "VariableDeclarator[init.name='Math'] Property[key.name='random']",
          message: chance,
        },
        {
          selector: "MemberExpression[object.name='Math'][computed=true]",
          message: chance,
        },
        {
          selector: 'MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]',
          message: 'What a model says is text, never HTML.',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [{ name: 'd3-random', message: chance }],
          patterns: [{ group: ['d3'], importNamePattern: '^random', message: chance }],
        },
      ],
    },
  },
  { files: ['**/*.js'], extends: [ts.configs.disableTypeChecked] },
);
