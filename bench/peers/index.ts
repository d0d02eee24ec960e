import manifest from '../../package.json' with { type: 'json' }
import { makeArchive } from '../../test/support/package-archive.ts'
import type { Bench, Context } from '../frame/bench.ts'
import { peers } from './all.ts'
import { cells } from './cells/index.ts'
import { chosenCells, chosenPeers } from './choose.ts'
import { measureAll } from './measure.ts'
import { installOthers, versions } from './others.ts'
import { pivotOf } from './pivot.ts'
import { usePackage } from './program.ts'

/** How each of them is set up, with its version. */
const subjects: Readonly<Record<string, string>> = Object.fromEntries(
  peers.map(({ name, pack, how }) => [
    name,
    `${pack === undefined ? `${manifest.name} ${manifest.version}` : `${pack} ${versions[pack]}`}: ${how}`,
  ]),
)

export const peersBench: Bench = {
  name: 'peers',
  about:
    'our worker, as the README shows it and as it is packed, beside other queues: 90-byte payloads, handlers that do nothing, 10 slots a process unless said, default settings',
  run: async (context) => {
    const chosen = chosenPeers(peers, context.who, context.quick)
    const rows = chosenCells(cells, context.only, context.quick)
    await installOthers(chosen)
    await using packed = await packedFor(context)
    if (packed !== undefined) usePackage(packed.archive)
    return await measureAll(context, rows, chosen)
  },
  table: (rows) => {
    const measured = new Set(rows.map(({ by }) => by))
    const setUps = Object.entries(subjects).filter(([name]) => measured.has(name))
    return [pivotOf(rows), '', ...setUps.map(([name, how]) => `${name}: ${how}`)].join('\n')
  },
  subjects,
  verdict: (rows) => {
    const failed = rows.filter(({ note }) => note?.startsWith('FAILED'))
    return failed.length === 0
      ? undefined
      : `failed: ${failed.map(({ what, by }) => `${what} (${by})`).join(', ')}`
  },
}

/** The archive that is measured; undefined: the sources, for a quick run. */
async function packedFor({ archive, quick, progress }: Context) {
  if (archive !== undefined) return { archive, [Symbol.asyncDispose]: async () => {} }
  if (quick) return undefined
  progress('packing the package')
  const { place, remove } = await makeArchive()
  return { archive: place, [Symbol.asyncDispose]: remove }
}
