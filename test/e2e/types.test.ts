/** What the compiler says to somebody who installs the package, whatever its settings. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type InstalledPackage, installPackage } from '../support/package.ts'

const fixtures = path.join(import.meta.dirname, 'installed')
const tsc = path.resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc')

let installed: InstalledPackage
beforeAll(async () => {
  installed = await installPackage(['@types/node'])
  await cp(fixtures, installed.folder, { recursive: true })
  await writeFile(path.join(installed.folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => installed.remove())

const strict = {
  target: 'es2022',
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  types: ['node'],
}

/** What the compiler says of one file. */
async function said(file: string, settings: Readonly<Record<string, string>>): Promise<string> {
  const config = path.join(installed.folder, `tsconfig.${file}.${settings['module']}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions: { ...strict, ...settings }, files: [file] }))
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', config], { cwd: installed.folder }, (_, out) => resolve(out))
  })
}

it.each([{ module: 'nodenext' }, { module: 'node16' }, { module: 'esnext', moduleResolution: 'bundler' }])(
  'compiles a program, without skipLibCheck, under %j',
  async (settings) => {
    expect(await said('accepted.ts', settings)).toBe('')
  },
)

it.each([{ module: 'nodenext' }, { module: 'node16' }])('compiles CommonJS under %j', async (settings) => {
  expect(await said('required.cts', settings)).toBe('')
})

it('refuses what cannot be right, line by line', async () => {
  const lines = readFileSync(path.join(fixtures, 'refused.ts'), 'utf8').split('\n')
  const expected = lines.flatMap((line, at) => {
    const code = /\/\/ (TS\d+)$/.exec(line)?.[1]
    return code === undefined ? [] : [`${at + 1} ${code}`]
  })
  const out = await said('refused.ts', { module: 'nodenext' })
  const found = [...out.matchAll(/^refused\.ts\((\d+),\d+\): error (TS\d+)/gm)].map(
    ([, line, code]) => `${line} ${code}`,
  )
  expect(expected.length).toBeGreaterThan(15)
  expect(found).toEqual(expected)
})

it('is loaded by require as well', async () => {
  const script =
    "const { createCoordinator } = require('interlock-queue'); process.stdout.write(typeof createCoordinator)"
  const out = await new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=commonjs', '--eval', script],
      { cwd: installed.folder },
      (_, text) => resolve(text),
    )
  })
  expect(out).toBe('function')
})
