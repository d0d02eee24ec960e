/**
 * vitest's globalSetup: packs the package once for the whole run, as npm would publish it, when the first test asks for it.
 * A test may run in any process, so it asks by HTTP.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { makeArchive, type PackedArchive } from './package-archive.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers a request with the path of the archive. */
    packageUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let packed: Promise<PackedArchive> | undefined
  const server = createServer(async (_, response) => {
    packed ??= makeArchive()
    try {
      response.end((await packed).file)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  project.provide('packageUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return async () => {
    server.close()
    await (await packed?.catch(() => undefined))?.remove()
  }
}
