import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase } from '../support/postgres-database.ts'
import { expectServed } from './served.ts'
import { interlock, temporaryFolder } from './support.ts'

it('dev serves PostgreSQL, migrated, to those who have the keys it prints', async () => {
  await expectServed(await createDatabase('dev'))
})

it.each([
  ['memory:', 'give --url pglite:<folder> or postgres://'],
  ['https://project.supabase.co', 'give --url pglite:<folder> or postgres://'],
  ['', 'the address of the database is empty'],
])('dev refuses %j, which it cannot serve, and says what it can', async (url, message) => {
  const { code, stderr } = await interlock(['dev', '--url', url], { env: { SUPABASE_SECRET_KEY: 'secret' } })
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
})

describe('before it makes anything, interlock dev', () => {
  it.each(['70000', 'abc'])('refuses --port %s', async (port) => {
    const folder = path.join(await temporaryFolder(), 'new')
    expect(await interlock(['dev', '--url', `pglite:${folder}`, '--port', port])).toMatchObject({ code: 2 })
    expect(existsSync(folder)).toBe(false)
  })

  it('refuses a user that is no UUID', async () => {
    expect(await interlock(['dev', '--user', 'alice'])).toMatchObject({ code: 2 })
  })

  it('says that the port is taken, and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const folder = path.join(await temporaryFolder(), 'new')
    const refused = await interlock(['dev', '--url', `pglite:${folder}`, '--port', String(port)])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('to do: use --port 0') })
    expect(existsSync(folder)).toBe(false)
  })
})

it('dev says that the server is away as migrate does', async () => {
  const words = ['--url', 'postgres://127.0.0.1:1/none']
  const { code, stderr } = await interlock(['dev', '--port', '0', ...words])
  expect([code, stderr]).toEqual([1, (await interlock(['migrate', ...words])).stderr])
  expect(stderr).toContain('check that it runs')
})
