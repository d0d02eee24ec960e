// Slow, 102 s: installs what the site needs, and builds it.
/** `npm run generate -- site --build`: every page becomes one of the site, can be searched, and the exports are described. */
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { linkOf, site, sources } from '../../../.ci/site/pages.ts'
import manifest from '../../../package.json' with { type: 'json' }

const out = path.join(site, '.out')
const read = (link: string) => readFileSync(path.join(out, `${link.replace(/\/$/u, '/index')}.html`), 'utf8')

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [path.join(site, 'main.mjs'), '--build'], { cwd: site })
}, 600_000)

it.each(sources().map((file) => [file, linkOf(file)]))('has %s', (_, link) => {
  expect(read(link)).toContain('<h1')
  // A comment is for those who write the page.
  expect(read(link)).not.toContain('&lt;!-- ')
})

it('draws the diagrams: each has an element, and what draws it is there', () => {
  expect(read('/inside/state-machines').match(/<pre class="mermaid"/gu)).toHaveLength(2)
  expect(existsSync(path.join(out, 'mermaid/mermaid.esm.min.mjs'))).toBe(true)
})

it('links from each page to each other one', () => {
  const page = read('/start/quick-start')
  const links = new Set([...page.matchAll(/href="([^"#]+)"/gu)].map(([, link]) => link))
  expect(
    sources()
      .map(linkOf)
      .filter((link) => !links.has(link)),
  ).toEqual([])
})

it('has an index to search in, made without asking anybody', () => {
  const [index = ''] = globSync('assets/chunks/*localSearchIndex*.js', { cwd: out })
  expect(readFileSync(path.join(out, index), 'utf8')).toContain('3 a.m.')
})

it('describes what each path of the package exports', () => {
  const text = readFileSync(path.join(site, '.pages/reference/typescript/src.md'), 'utf8')
  for (const name of ['createCoordinator', 'createJobWorker', 'NonRetryableError'])
    expect(text).toContain(name)
  const paths = Object.entries(manifest.exports).filter(([, entry]) => typeof entry !== 'string')
  const { items } = JSON.parse(
    readFileSync(path.join(site, '.pages/reference/typescript/sidebar.json'), 'utf8'),
  )
  expect(items).toHaveLength(paths.length)
  for (const { link } of items) expect(existsSync(path.join(out, `${link}.html`))).toBe(true)
})
