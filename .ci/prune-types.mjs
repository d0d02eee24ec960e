/** Leaves the declarations that somebody who imports the package can reach: those of an inner file say nothing to anybody. */
import fs from 'node:fs'
import path from 'node:path'

/** `from './a.js'` and `import('./a.js')`, as the compiler writes them. */
const relative = /(?:from |import\()["'](\.{1,2}\/[^"']+)["']/g

/**
 * @param dist the folder that the package's own `dist` stands for
 * @param manifest the package's, for what it exports
 */
export function pruneTypes(dist, manifest) {
  const entries = Object.values(manifest.exports).filter((entry) => typeof entry !== 'string')
  const open = entries.flatMap(({ types, require }) =>
    [types, require.types].map((file) => path.join(dist, path.relative('dist', file))),
  )
  const reached = new Set(open)
  for (const file of open)
    for (const [, name] of fs.readFileSync(file, 'utf8').matchAll(relative)) {
      const next = path.resolve(path.dirname(file), name.replace(/\.[jt]s$/, '.d.ts'))
      if (reached.has(next) || !fs.existsSync(next)) continue
      reached.add(next)
      open.push(next)
    }
  const all = fs.globSync('**/*.d.{ts,cts}', { cwd: dist }).map((file) => path.join(dist, file))
  for (const file of all) if (!reached.has(file)) fs.rmSync(file)
}
