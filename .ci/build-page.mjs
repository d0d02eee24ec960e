/**
 * Builds the page of the dashboard: one script and one style, into dist/dashboard unless told otherwise, and prints what it weighs.
 *
 *   node .ci/build-page.mjs [folder]
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const root = path.resolve(import.meta.dirname, '..')

/**
 * @param folder where page.js and page.css go
 * @returns the files that were bundled, from the top of the repository
 */
export async function buildPage(folder) {
  const output = await bundled(folder)
  return modulesOf(output).map(({ file }) => file)
}

/** What the fields of a policy and of a job say to the command line, nobody reads in a browser. */
const withoutFlags = {
  name: 'without-flags',
  enforce: 'pre',
  transform: (code, id) =>
    /\/(?:policy|job)-table\.ts$/.test(id)
      ? code
          .replace(/^ *(?:flag|says|form|example|noStar): '.*',$/gm, '')
          .replace(/, flag: '[^']*', says: '[^']*'/g, '')
      : null,
}

async function bundled(folder) {
  const { output } = await build({
    configFile: false,
    root: path.join(root, 'src/apps/dashboard/page'),
    base: './',
    logLevel: 'warn',
    plugins: [withoutFlags],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2023',
      // The first that have light-dark(); the script asks for no older ones.
      cssTarget: ['chrome123', 'firefox127', 'safari17.5'],
      cssCodeSplit: false,
      // It would be a script of its own in the page, which the policy of the page does not allow.
      modulePreload: false,
      rolldownOptions: {
        input: path.join(root, 'src/apps/dashboard/page/main.tsx'),
        optimization: { inlineConst: true },
        output: { entryFileNames: 'page.js', assetFileNames: 'page.[ext]', codeSplitting: false },
      },
    },
  })
  return output
}

/** What went into it, and how long its text is before names are shortened. */
const modulesOf = (output) =>
  output
    .flatMap(({ modules = {} }) => Object.entries(modules))
    .map(([file, { renderedLength }]) => ({
      file: path.relative(root, file).replaceAll(path.sep, '/'),
      length: renderedLength,
    }))

/** A package, or a folder of the sources; of the page each folder of its own. */
function partOf(file) {
  const [, name] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
  return name ?? /^(src\/apps\/dashboard\/page\/[^/]+|src\/[^/]+\/[^/]+|[^/]+)/.exec(file)?.[1] ?? file
}

/** The size table: each part's share of the script, and what both files weigh as they go over the wire. */
async function sizes(output, folder) {
  const parts = new Map()
  const modules = modulesOf(output)
  for (const { file, length } of modules) parts.set(partOf(file), (parts.get(partOf(file)) ?? 0) + length)
  const all = modules.reduce((sum, { length }) => sum + length, 0)
  const rows = [...parts]
    .sort(([, a], [, b]) => b - a)
    .map(([part, length]) => `| ${part} | ${((length / all) * 100).toFixed(1)} % |`)
  const files = await Promise.all(
    ['page.js', 'page.css'].map(async (file) => {
      const text = await readFile(path.join(folder, file))
      const [whole, zipped] = [text.length, gzipSync(text, { level: 9 }).length].map((n) =>
        (n / 1_000).toFixed(1),
      )
      return `| ${file} | ${whole} kB, ${zipped} kB gzipped |`
    }),
  )
  return ['| part | share of the script |', '| --- | --- |', ...rows, ...files].join('\n')
}

if (import.meta.main) {
  const folder = path.resolve(root, process.argv[2] ?? 'dist/dashboard')
  console.log(await sizes(await bundled(folder), folder))
}
