/**
 * Builds the page of the dashboard: one script and one style, into dist/dashboard unless told otherwise.
 *
 *   node .ci/build-page.mjs [folder]
 */
import path from 'node:path'
import { build } from 'vite'

const root = path.resolve(import.meta.dirname, '..')

/**
 * @param folder where page.js and page.css go
 * @returns the files that were bundled, from the top of the repository
 */
export async function buildPage(folder) {
  const { output } = await build({
    configFile: false,
    root: path.join(root, 'src/dashboard/page'),
    base: './',
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      cssCodeSplit: false,
      // It would be a script of its own in the page, which the policy of the page does not allow.
      modulePreload: false,
      rolldownOptions: {
        input: path.join(root, 'src/dashboard/page/main.tsx'),
        output: { entryFileNames: 'page.js', assetFileNames: 'page.[ext]', codeSplitting: false },
      },
    },
  })
  return output
    .flatMap(({ modules = {} }) => Object.keys(modules))
    .map((file) => path.relative(root, file).replaceAll(path.sep, '/'))
}

if (import.meta.main) await buildPage(path.resolve(root, process.argv[2] ?? 'dist/dashboard'))
