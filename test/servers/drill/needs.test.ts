import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { findPrograms } from '../../slow/drill/needs.ts'
import { overlapsIn } from '../../slow/drill/workers.ts'
import { temporaryFolder } from '../cli/support.ts'

async function programAt(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, '')
  await chmod(file, 0o755)
}

describe('the drill', () => {
  it('says what it needs before it starts anything', async () => {
    const versions = await temporaryFolder()
    const of = { path: '/nowhere', versions }
    expect(() => findPrograms(of)).toThrow(
      /Not found: etcd, patroni, PostgreSQL\.\n[\s\S]*apt-get install .*patroni/,
    )
    for (const version of ['9.6', '14', '16', '17'])
      await programAt(path.join(versions, version, 'bin/postgres'))
    expect(() => findPrograms(of)).toThrow(/Not found: etcd, patroni\./)
    const bin = await temporaryFolder()
    for (const name of ['etcd', 'patroni']) await programAt(path.join(bin, name))
    const postgres = path.join(versions, '17/bin')
    expect(findPrograms({ path: `/nowhere:${bin}`, versions })).toMatchObject({
      etcd: path.join(bin, 'etcd'),
      postgres,
    })
  })

  it('finds handlers that overlap in what they wrote down, and takes one without an end to run on', () => {
    const apart = ['began 1 a 7 m', 'ended 2 a 7 m', 'began 2 b 9 m', 'ended 5 b 9 m', 'began 3 c 10 n']
    expect(overlapsIn(apart)).toEqual([])
    expect(overlapsIn([...apart, 'began 4 d 11 m', 'ended 6 d 11 m'])).toEqual(['b and d on m, 1 ms'])
    expect(overlapsIn([...apart, 'began 4 e 12 n', 'ended 5 e 12 n'])).toEqual(['c and e on n, 1 ms'])
  })
})
