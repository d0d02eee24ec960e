/**
 * Writes a `.d.cts` beside the declarations of each entry. Node loads these ES modules by `require` as well, but TypeScript
 * believes it under `module: node16` only of declarations that are CommonJS themselves. They hold nothing of their own: every
 * name is that of the ES module, so a type is the same whichever way it came.
 */
import fs from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const manifest = JSON.parse(await fs.readFile(new URL('../package.json', import.meta.url), 'utf8'))

/** @param dist the folder that the package's own `dist` stands for */
export async function writeCommonJsTypes(dist) {
  for (const entry of Object.values(manifest.exports)) {
    if (typeof entry === 'string') continue
    const file = path.join(fileURLToPath(dist), path.relative('dist', entry.default))
    await fs.writeFile(file.replace(/\.js$/, '.d.cts'), await declarationsOf(file))
  }
}

async function declarationsOf(file) {
  const module = `'./${path.basename(file)}'`
  const values = Object.entries(await import(pathToFileURL(file).href))
  const lines = values.flatMap(([name, value]) => {
    const of = `import(${module}, { with: { 'resolution-mode': 'import' } }).${name}`
    const isClass = typeof value === 'function' && /^class\b/.test(String(value))
    return [
      `export declare const ${name}: typeof ${of};`,
      ...(isClass ? [`export type ${name} = ${of};`] : []),
    ]
  })
  return [`export type * from ${module} with { 'resolution-mode': 'import' };`, ...lines, ''].join('\n')
}
