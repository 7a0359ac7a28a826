import vue from 'eslint-plugin-vue'
import a11y from 'eslint-plugin-vuejs-accessibility'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['node_modules', 'src/api/schema.d.ts', 'test-results', 'playwright-report'] },
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  ...a11y.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  {
    rules: {
      'vue/no-v-html': 'error',
      'vue/no-undef-components': ['error', { ignorePatterns: ['RouterLink', 'RouterView', 'I18nT'] }],
      'vue/multi-word-component-names': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/attributes-order': 'off',
      'vue/require-default-prop': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      // A component's label may come through `aria-label` or a field wrapper; axe checks the rendered page.
      'vuejs-accessibility/label-has-for': 'off',
      'vuejs-accessibility/form-control-has-label': 'off',
      'vuejs-accessibility/no-static-element-interactions': 'off',
      'vuejs-accessibility/no-autofocus': 'off',
      'no-restricted-imports': ['error', { name: 'vue', importNames: ['defineAsyncComponent'], message: 'Use `part` or `later` of app/parts: they wait for a lost connection.' }],
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Text from people is shown as text nodes only.' },
        { property: 'outerHTML', message: 'Text from people is shown as text nodes only.' },
        { property: 'insertAdjacentHTML', message: 'Text from people is shown as text nodes only.' },
      ],
    },
  },
  { files: ['src/app/parts.ts'], rules: { 'no-restricted-imports': 'off' } },
)
