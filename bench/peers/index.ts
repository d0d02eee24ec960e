import manifest from '../../package.json' with { type: 'json' }
import type { Bench } from '../frame/bench.ts'
import { peers } from './all.ts'
import { cells } from './cells/index.ts'
import { chosenCells, chosenPeers } from './choose.ts'
import { measureAll } from './measure.ts'
import { pivotOf } from './pivot.ts'

const versions: Readonly<Record<string, string>> = manifest.devDependencies

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
    'our worker, as the README shows it, beside other queues: 90-byte payloads, handlers that do nothing, 10 slots a process unless said, default settings',
  named: true,
  run: async (context) =>
    measureAll(
      context,
      chosenCells(cells, context.only, context.quick),
      chosenPeers(peers, context.who, context.quick),
    ),
  table: (rows) => {
    const measured = new Set(rows.map(({ by }) => by))
    const setUps = Object.entries(subjects).filter(([name]) => measured.has(name))
    return [pivotOf(rows), '', ...setUps.map(([name, how]) => `${name}: ${how}`)].join('\n')
  },
  subjects,
}
