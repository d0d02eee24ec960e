/**
 * The documentation as a site, with search: `npm run generate -- site` shows it while you write, `npm run generate -- site --build` writes it to .ci/site/.out.
 * What it needs (VitePress, TypeDoc and the compiler that TypeDoc knows) is installed by the first run, in the versions that package.json here
 * names, and nobody else waits for it. It has no lock file: nothing of it is published or tested with.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, watch } from 'node:fs'
import path from 'node:path'
import manifest from './package.json' with { type: 'json' }
import { preparePages, root, site } from './pages.ts'

const isBuild = process.argv.includes('--build')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const needed = Object.keys(manifest.devDependencies)
if (!needed.every((name) => existsSync(path.join(site, 'node_modules', name))))
  execFileSync(npm, ['install', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: site,
    stdio: 'inherit',
  })

preparePages()
if (!process.argv.includes('--no-types')) {
  const { writeTypes } = await import('./types.mjs')
  await writeTypes()
}
const { build, createServer } = await import('vitepress')
if (isBuild) await build(site)
else {
  const server = await createServer(site, { host: '127.0.0.1' })
  await server.listen()
  server.printUrls()
  watch(path.join(root, 'docs'), { recursive: true }, () => preparePages())
}
