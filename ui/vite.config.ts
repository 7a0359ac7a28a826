import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The built output is committed and embedded in the binary, so it must come out byte for byte the same on every
// machine: no time stamps, no commit ids, names derived from content only.
const api = process.env.FRONTDESK_API ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue(), tailwindcss()],
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
      output: {
        codeSplitting: {
          groups: [
            // What every page loads anyway, as one file: many small ones compress worse and cost requests.
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
