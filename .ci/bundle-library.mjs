/**
 * Bundles the library into one file per entry and the pieces that entries share, with what it uses of `zod` and `rxjs` inside: all of these
 * are some 590 files otherwise, with each language that zod knows, and a worker's memory is a third more (docs/inside/decisions/faces.md).
 * The declarations stay one file a module.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { usedBy } from './licenses.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))

/** Bundled, and only as far as it is used. What is left out has one copy in a program, ours and the program's own. */
const inside = ['croner', 'rxjs', 'zod']
const outside = Object.keys({
  ...manifest.dependencies,
  ...manifest.optionalDependencies,
  ...manifest.peerDependencies,
}).filter((name) => !inside.includes(name))

/** The modules that the package exports, as sources from the top of the repository. */
const exported = Object.values(manifest.exports)
  .filter((entry) => typeof entry !== 'string')
  .map((entry) => entry.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts'))

/**
 * @param dist the folder that the package's own `dist` stands for
 * @param askedFor what else has to be a file of its own: modules that the command imports, from the top of the repository
 * @param others packages that stay outside as well
 * @returns the files that were bundled, from the top of the repository
 */
export async function bundleLibrary(dist, askedFor, others = []) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...new Set([...exported, ...askedFor])],
    outdir: fileURLToPath(dist),
    outbase: '.',
    chunkNames: 'shared/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    // Not `node`: under it rxjs is CommonJS, of which nothing can be left out.
    platform: 'neutral',
    conditions: ['es2015'],
    external: [...outside, ...others, 'node:*'],
    target: 'node22.12',
    // The names stay, so that a stack says where it was. Maps would name sources that the package does not have.
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  return usedBy(metafile)
}
