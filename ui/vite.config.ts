import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

// The built output is committed and embedded in the binary, so it must come out byte for byte the same on every
// machine: no time stamps, no commit ids, names derived from content only.
const api = process.env.FRONTDESK_API ?? 'http://127.0.0.1:8080'

/** Areas whose texts the inbox's list is shown with. */
const TEXTS = ['common', 'nav', 'inbox']

/** The inbox is where most visits begin: its parts are fetched with the entry, not after it, and `boot.ts` asks for its data. */
function early(): Plugin {
  const first = [/app[\\/]shell[\\/]AppShell\.vue$/, /features[\\/]inbox[\\/]InboxPage\.vue$/]
  return {
    name: 'early',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).filter((each) => each.type === 'chunk')
        if (chunks.length === 0) return []
        const made = (name: RegExp) => chunks.filter((each) => name.test(each.facadeModuleId ?? '')).sort((a, b) => a.fileName.localeCompare(b.fileName))
        const files = new Set<string>()
        const add = (file: string): void => {
          if (files.has(file) || html.includes(file)) return
          files.add(file)
          chunks.find((each) => each.fileName === file)?.imports.forEach(add)
        }
        first.flatMap(made).forEach(({ fileName }) => add(fileName))
        const texts: Record<string, string[]> = {}
        for (const { facadeModuleId, fileName } of made(/locales[\\/]\w+[\\/]\w+\.json$/)) {
          const [language, area] = facadeModuleId!.split(/[\\/.]/).slice(-3)
          if (TEXTS.includes(area!)) (texts[language!] ??= []).push(`/${fileName}`)
        }
        const [boot] = made(/src[\\/]boot\.ts$/)
        return [
          { tag: 'meta', attrs: { name: 'frontdesk-texts', content: JSON.stringify(texts) }, injectTo: 'head' as const },
          { tag: 'script', attrs: { type: 'module', async: true, src: `/${boot!.fileName}` }, injectTo: 'head' as const },
          ...[...files].map((file) => ({ tag: 'link', attrs: { rel: 'modulepreload', href: `/${file}` }, injectTo: 'head' as const })),
        ]
      },
    },
  }
}

export default defineConfig({
  plugins: [vue(), tailwindcss(), early()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_DROP_MESSAGE_COMPILER__: 'false',
  },
  build: {
    outDir: '../ui-dist',
    emptyOutDir: true,
    target: ['chrome123', 'safari17.5', 'firefox128'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    manifest: 'build-manifest.json',
    rolldownOptions: {
      input: { index: 'index.html', boot: 'src/boot.ts' },
      output: {
        codeSplitting: {
          groups: [
            // What every page loads anyway, as one file: many small ones compress worse and cost requests.
            {
              name: 'first',
              // What the list's first sight needs beside it: one request in place of forty, which a far network makes wait in line.
              test: /src[\\/]app[\\/]shell[\\/](App\w+\.vue|FrontdeskMark\.vue|announce|state)|src[\\/]ui[\\/](UiIconButton|UiButton|UiBadge|UiAvatar|UiEmpty|UiErrorPanel|UiKeys|UiSkeleton|UiTooltip|button|errors|tip|toast)\.|src[\\/]features[\\/]inbox[\\/](InboxPage|ConversationList|ConversationRow|ListToolbar|DeliveryState|actions|all|cache|filters|instagram|live|looks|order|preview|queries|state)\.|node_modules[\\/]virtua[\\/]|node_modules[\\/]reka-ui[\\/]dist[\\/]ConfigProvider|@lucide[\\/]vue[\\/].*[\\/](arrow-up|inbox|search-x|messages-square|triangle-alert|circle-question-mark|cloud-off|check|flag|message-circle|message-square|camera|flask-conical|circle-check|circle-pause|circle-dot|sticky-note|message-square-more|panel-left|x|clock|check-check|search|wifi|refresh-cw)\.m?js/,
            },
            { name: 'base', test: /node_modules[\\/](@?vue|vue-router|vue-i18n|@intlify|@tanstack|openapi-fetch|idb-keyval|tailwind-merge|class-variance-authority|clsx)[\\/]|src[\\/]lib[\\/](api|format|live|outbox|drafts|shortcuts|cn|offline)|src[\\/]app[\\/]\w+\.(ts|css)$/ },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: {
      '/api': { target: api, ws: true },
      '/readyz': api,
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/unit/**/*.test.ts'],
  },
})
