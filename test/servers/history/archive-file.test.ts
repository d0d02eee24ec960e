import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LogStore } from '../../../src/engine/store/index.ts'
import { postgresStore } from '../../../src/engine/store/postgres/index.ts'
import { archiveTo } from '../../../src/tools/history/files/index.ts'
import { compiled } from '../../support/program.ts'
import { documentOf, emptyQueue, logOf, worked } from '../cli/history.ts'
import { interlock, temporaryFolder } from '../cli/support.ts'

async function usedQueue() {
  const url = await emptyQueue()
  await worked(url, ['a,m,0', 'b,m;n,0', 'c,o,0'])
  const folder = await temporaryFolder()
  return { url, folder, file: path.join(folder, 'old.jsonl.gz'), through: (await logOf(url)).length - 2 }
}

/** Takes events out with a store of which some calls are others, and with a Ctrl-C that they can press. */
async function archiveWith(
  url: string,
  { through, to }: { readonly through: number; readonly to: string },
  others: (store: LogStore, interrupt: () => void) => Partial<LogStore>,
) {
  const controller = new AbortController()
  const store = postgresStore(url)
  try {
    const changed = { ...store, ...others(store, () => controller.abort()) }
    return await archiveTo({ store: changed, signal: controller.signal }, { before: through, to })
  } finally {
    await store.close()
  }
}

describe('interlock archive --to (archiveTo, openArchive)', () => {
  it('leaves no file and takes nothing out when it is interrupted while it writes', async () => {
    const { url, folder, file, through } = await usedQueue()
    const log = await logOf(url)
    const halfway = archiveWith(url, { through, to: file }, (store, interrupt) => ({
      putSnapshot: async (queue, snapshot) => {
        const isNew = await store.putSnapshot(queue, snapshot)
        expect((await readdir(folder)).length).toBe(1)
        interrupt()
        return isNew
      },
    }))
    await expect(halfway).rejects.toMatchObject({ name: 'AbortError' })
    expect(await readdir(folder)).toEqual([])
    expect(await logOf(url)).toEqual(log)
    expect(await documentOf(url, ['archive', '--before', String(through), '--to', file])).toMatchObject({
      ...{ archived: through, file },
    })
    expect(await readdir(folder)).toEqual([path.basename(file)])
  })

  it('leaves no file when nothing could be taken out, so that trying again is no error', async () => {
    const { url, folder, file, through } = await usedQueue()
    const refused = archiveWith(url, { through, to: file }, () => ({
      archive: async () => ({ archivedSeq: 0, archived: 0, unkept: 0 }),
    }))
    await expect(refused).rejects.toMatchObject({ code: 'contention' })
    expect(await readdir(folder)).toEqual([])
  })

  it('leaves the file where nobody knows whether its events are gone', async () => {
    const { url, folder, file, through } = await usedQueue()
    const unanswered = archiveWith(url, { through, to: file }, (store) => ({
      archive: async (...all) => {
        await store.archive(...all)
        throw new Error('the connection ended')
      },
    }))
    await expect(unanswered).rejects.toThrow('the connection ended')
    expect(await readdir(folder)).toEqual([path.basename(file)])
    const read = await documentOf(url, ['log', '--limit', '1000', '--from-archive', file])
    expect(read[0]).toMatchObject({ seq: 1 })
  })

  it('is no wrong usage when the disk is full, and leaves nothing on it', async () => {
    const { url, folder, file, through } = await usedQueue()
    const main = await compiled('src/apps/cli/main.ts')
    const words = [main, 'archive', '--before', String(through), '--to', file, '--url', url]
    // No file of this process may have a single byte: what a full disk does as well.
    const limited = `trap '' XFSZ; ulimit -f 0; exec "$@"`
    const child = spawn('sh', ['-c', limited, 'sh', process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code] = await once(child, 'close')
    expect({ code, says: stderr.includes('make room'), stderr }).toMatchObject({ code: 1, says: true })
    expect(await readdir(folder)).toEqual([])
    expect((await logOf(url))[0]).toMatchObject({ seq: 1 })
  })

  it('sees that the file is there before it does anything', async () => {
    const { url, file, through } = await usedQueue()
    await writeFile(file, 'mine')
    const words = ['archive', '--before', String(through), '--to', file, '--url', url]
    const { code, stderr } = await interlock(words)
    expect({ code, says: stderr.includes('is there already') }).toEqual({ code: 2, says: true })
    const store = postgresStore(url)
    expect(await store.snapshot('default', null)).toBeNull()
    await store.close()
  })

  it('writes what was archived and kept before as well, from wherever it begins', async () => {
    const { url, folder, file, through } = await usedQueue()
    const log = await logOf(url)
    const early = path.join(folder, 'early.jsonl.gz')
    await documentOf(url, ['archive', '--before', '3', '--to', early])
    await documentOf(url, ['archive', '--before', '5'])
    await documentOf(url, ['archive', '--before', String(through), '--to', file])
    const given = ['--from-archive', early, '--from-archive', file]
    expect(await documentOf(url, ['log', '--limit', '1000', ...given])).toEqual(log)
  })
})
