/**
 * Bundles the command `interlock` with what only it needs (terminal, charts, relay), so that a program that has
 * installed the library installs none of that. The modules of the library stay what they are, outside of the bundle: handlers that
 * the command loads import them as well, and there must not be two of each.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { decode, encode } from '@jridgewell/sourcemap-codec'
import { build } from 'esbuild'
import { usedBy } from './licenses.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))

/** What a program that installs the package has, or installs by itself. */
const installed = Object.keys({
  ...manifest.dependencies,
  ...manifest.optionalDependencies,
  ...manifest.peerDependencies,
})

/** The folder of the command; what else lies in src/ and machines/ is the library. */
const ofCommand = path.join(root, 'src/apps/cli') + path.sep

/**
 * @param dist the folder that the package's own `dist` stands for, with the library in it
 * @returns the files that were bundled, and the modules of the library that they ask for, from the top of the repository
 */
export async function bundleCommand(dist) {
  const outdir = path.join(fileURLToPath(dist), 'cli')
  const asked = new Set()
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/apps/cli/main.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.12',
    // The names stay, and traces name the sources where a user asks for a stack (DEBUG=1).
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    // Packages in CommonJS ask for the modules of Node by it.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    external: installed,
    plugins: [{ name: 'library', setup: leaveLibrary(asked) }],
    metafile: true,
    logLevel: 'warning',
  })
  for (const file of fs.globSync('*.map', { cwd: outdir })) thin(path.join(outdir, file))
  return { bundled: usedBy(metafile), asked: [...asked] }
}

/** A stack needs the line of our source: one mapping a line, a fifth of the size. */
function thin(file) {
  const map = JSON.parse(fs.readFileSync(file, 'utf8'))
  const isOurs = map.sources.map((source) => !source.includes('node_modules/'))
  const lines = decode(map.mappings).map((line) =>
    line
      .slice(0, 1)
      .filter(([, source]) => isOurs[source])
      .map((first) => first.slice(0, 4)),
  )
  const sources = map.sources.map((source, i) => (isOurs[i] ? source : ''))
  fs.writeFileSync(file, JSON.stringify({ ...map, sources, names: [], mappings: encode(lines) }))
}

/** An import of a module of the library becomes one of its compiled file; all chunks lie in dist/cli. */
const leaveLibrary =
  (asked) =>
  ({ onResolve }) => {
    onResolve({ filter: /^\.\.?\// }, ({ path: specifier, resolveDir }) => {
      const file = path.join(resolveDir, specifier)
      const isOurs = file.startsWith(root) && !file.includes(`${path.sep}node_modules${path.sep}`)
      if (!isOurs || file.startsWith(ofCommand)) return undefined
      const module = path.relative(root, file).replaceAll(path.sep, '/')
      asked.add(module)
      return { path: `../${module.replace(/\.ts$/, '.js')}`, external: true }
    })
  }
