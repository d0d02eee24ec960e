/** What somebody sees who has only the package: npm shows its README, its folder has the pages. */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { manual } from '../../../src/engine/core/index.ts'
import { anchorsOf, linksOf, root } from './markdown.ts'

const run = promisify(execFile)
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']
const at = 'https://git.example/interlock/queue'

const folder = mkdtempSync(path.join(tmpdir(), 'interlock-packed-'))
/** The files of the project that a package may have, but for what is built. */
const project = path.join(folder, 'project')
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => {
  const published = manifest.files.map((file) => file.split('/')[0] ?? file).filter((file) => file !== 'dist')
  const read = 'src/engine/core/says/manual.ts'
  for (const name of ['package.json', 'LICENSE', '.ci', read, ...pages, ...published])
    cpSync(path.join(root, name), path.join(project, name), { recursive: true })
})

/** The pages that messages name, each with a heading if the message names one, as whoever has only an archive finds them. */
function deadIn(archive: string): readonly string[] {
  return Object.values(manual).filter((named) => {
    const [name = '', anchor] = named.slice(`${manifest.name}/`.length).split('#')
    const file = path.join(archive, name)
    if (!existsSync(file)) return true
    return anchor !== undefined && !anchorsOf({ file, text: readFileSync(file, 'utf8') }).includes(anchor)
  })
}

const textOf = (file: string) => readFileSync(path.join(project, file), 'utf8')

/** Packs as npm does, but builds nothing. @returns the folder of the unpacked archive */
async function packed(name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [prepare = '', restore = ''] = [manifest.scripts.prepack, manifest.scripts.postpack].map(
    (script) => /node (\.ci\/addresses\.mjs.*)$/u.exec(script)?.[1],
  )
  const options = { cwd: project, env: { ...process.env, ...env } }
  await run(process.execPath, prepare.split(' '), options)
  const to = path.join(folder, name)
  await run(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--offline', '--pack-destination', folder],
    options,
  )
  await run('tar', ['-xzf', path.join(folder, `${manifest.name}-${manifest.version}.tgz`)], { cwd: folder })
  cpSync(path.join(folder, 'package'), to, { recursive: true })
  rmSync(path.join(folder, 'package'), { recursive: true })
  await run(process.execPath, restore.split(' '), options)
  return to
}

/** Every page of an archive with the links that lead to no web page, each as a path in the archive. */
function ownLinks(archive: string, names: readonly string[]): readonly string[] {
  return names.flatMap((file) =>
    linksOf({ file, text: readFileSync(path.join(archive, file), 'utf8') })
      .map((link) => link.split('#')[0] ?? '')
      .filter((link) => link !== '')
      .map((link) => path.posix.join(path.posix.dirname(file), link)),
  )
}

describe('a package of which nobody has said where its sources are', () => {
  it('says no address, and its pages lead to files that are in it', async () => {
    const archive = await packed('without', { INTERLOCK_REPOSITORY: undefined })
    const { repository, homepage, bugs } = JSON.parse(
      readFileSync(path.join(archive, 'package.json'), 'utf8'),
    )
    expect([repository, homepage, bugs]).toEqual([undefined, undefined, undefined])
    const links = ownLinks(archive, pages)
    expect(links.length).toBeGreaterThan(50)
    expect(links.filter((file) => !existsSync(path.join(archive, file)))).toEqual([])
    const shipped = links.filter((file) => file.endsWith('.md'))
    const further = ownLinks(archive, [...new Set(shipped)])
    expect(further.filter((file) => !existsSync(path.join(archive, file)))).toEqual([])
    expect(deadIn(archive)).toEqual([])
  })
})

describe('a package with the address of its sources (INTERLOCK_REPOSITORY)', () => {
  let archive: string
  beforeAll(async () => {
    archive = await packed('with', { INTERLOCK_REPOSITORY: `${at}.git` })
  })

  it('says it in its manifest', () => {
    expect(JSON.parse(readFileSync(path.join(archive, 'package.json'), 'utf8'))).toMatchObject({
      repository: { type: 'git', url: `git+${at}.git` },
      homepage: `${at}#readme`,
      bugs: `${at}/issues`,
    })
  })

  it('has its picture and its links there, and no page but those of its root and those that messages name', () => {
    const text = readFileSync(path.join(archive, 'README.md'), 'utf8')
    expect(text).toContain(`](${at}/raw/HEAD/docs/images/dashboard-now.png)`)
    expect(text).toContain(`](${at}/blob/HEAD/docs/guides/schedules.md)`)
    expect(ownLinks(archive, pages)).toEqual([])
    expect(existsSync(path.join(archive, 'docs/inside'))).toBe(false)
    expect(deadIn(archive)).toEqual([])
    const shipped = Object.values(manual).map(
      (name) => name.slice(`${manifest.name}/`.length).split('#')[0] ?? '',
    )
    expect(ownLinks(archive, shipped)).toEqual([])
    const rules = readFileSync(path.join(archive, 'docs/observability/alerts.yml'), 'utf8')
    expect(rules).toContain(`runbook_url: ${at}/blob/HEAD/docs/reference/alerts.md#interlockbehind`)
  })

  it('leaves the sources as they were', () => {
    for (const file of [
      'package.json',
      'docs/reference/alerts.md',
      'docs/observability/alerts.yml',
      ...pages,
    ])
      expect(textOf(file)).toBe(readFileSync(path.join(root, file), 'utf8'))
  })

  it('is refused for what is no address', async () => {
    const refused = packed('refused', { INTERLOCK_REPOSITORY: 'interlock/queue' })
    await expect(refused).rejects.toThrow(/INTERLOCK_REPOSITORY: must be such as https:/u)
    expect(textOf('package.json')).toBe(readFileSync(path.join(root, 'package.json'), 'utf8'))
  })
})
