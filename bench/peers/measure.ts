import type { Context, Row } from '../frame/bench.ts'
import type { Cell } from './cell.ts'
import { Ground } from './ground.ts'
import { NotMeasured, type Peer } from './peer.ts'

/** The figures of one cell in one run, or why there are none. */
type Outcome = Readonly<Record<string, number>> | { readonly why: string }

/**
 * Every cell of every peer, side by side: a run measures all peers in a cell before it goes on, each run beginning with another
 * peer. So what else happens on the machine meets all of them.
 */
export async function measureAll(
  context: Context,
  cells: readonly Cell[],
  peers: readonly Peer[],
): Promise<readonly Row[]> {
  await using ground = new Ground(context.servers)
  const kept = new Map<string, Outcome[]>()
  const keep = (cell: Cell, peer: Peer, outcome: Outcome) => {
    const key = keyOf(cell, peer)
    kept.set(key, [...(kept.get(key) ?? []), outcome])
  }
  for (let run = 1; run <= context.runs; run++)
    for (const cell of cells) {
      const turn = rotated(peers, run - 1)
      const one = async (peer: Peer) => {
        context.progress(`${cell.id}, ${peer.name}, run ${run} of ${context.runs}`)
        keep(cell, peer, await outcomeOf(cell, peer, { context, ground }))
      }
      if (cell.together === true) await Promise.all(turn.map(one))
      else for (const peer of turn) await one(peer)
    }
  return cells.flatMap((cell) =>
    peers.flatMap((peer) => rowsOf(cell, peer, kept.get(keyOf(cell, peer)) ?? [])),
  )
}

const keyOf = (cell: Cell, peer: Peer): string => `${cell.id} ${peer.name}`

const rotated = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const at = by % Math.max(1, items.length)
  return [...items.slice(at), ...items.slice(0, at)]
}

async function outcomeOf(cell: Cell, peer: Peer, means: Parameters<Cell['measure']>[1]): Promise<Outcome> {
  if (cell.ours === true && peer.pack !== undefined) return { why: 'nothing like it' }
  const why = peer.cannot?.(cell.keys)
  if (why !== undefined) return { why }
  try {
    return await cell.measure(peer, means)
  } catch (error) {
    if (error instanceof NotMeasured) return { why: error.message }
    console.error(`${cell.id}, ${peer.name}:`, error)
    return { why: `FAILED: ${(error as Error).message.split('\n', 1)[0]}` }
  }
}

function rowsOf(cell: Cell, peer: Peer, outcomes: readonly Outcome[]): readonly Row[] {
  const whys = new Set(outcomes.flatMap((outcome) => ('why' in outcome ? [String(outcome.why)] : [])))
  return cell.figures.map(({ name, what, unit }) => {
    const samples = outcomes.flatMap((outcome) => {
      const value = 'why' in outcome ? undefined : outcome[name]
      return value === undefined ? [] : [value]
    })
    const row: Row = { what, unit, samples, by: peer.name }
    return whys.size === 0 ? row : { ...row, note: [...whys].join('; ') }
  })
}
