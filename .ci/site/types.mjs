/** The reference of the exports, from the comments of the sources, by TypeDoc and the compiler that it knows. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Application } from 'typedoc'
import { pagesFolder, root, site } from './pages.ts'

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const folder = path.join(pagesFolder, 'reference/typescript')

/** The sources of what the package exports: `./dist/src/index.js` is made of `src/index.ts`. */
const entries = Object.entries(manifest.exports).flatMap(([name, entry]) =>
  typeof entry === 'string'
    ? []
    : [{ name, file: path.join(root, entry.default.replace('./dist/', '').replace(/\.js$/, '.ts')) }],
)

/** One page for each path that can be imported, and what stands at the side of the site for them. */
export async function writeTypes() {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(({ file }) => file),
    tsconfig: path.join(site, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: folder }],
    readme: 'none',
    router: 'module',
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    skipErrorChecking: true,
    disableSources: true,
    hideBreadcrumbs: true,
    logLevel: 'Error',
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources')
  await app.generateOutputs(project)
  const items = entries.map(({ name, file }) => {
    const place = path.relative(root, path.dirname(file)).replaceAll(path.sep, '/')
    const text = path.posix.join(manifest.name, name)
    const page = path.join(folder, `${place}.md`)
    writeFileSync(page, readFileSync(page, 'utf8').replace(/^# .*$/m, `# ${text}`))
    return { text, link: `/reference/typescript/${place}` }
  })
  writeFileSync(
    path.join(folder, 'sidebar.json'),
    JSON.stringify({ text: 'TypeScript', collapsed: true, items }),
  )
}
