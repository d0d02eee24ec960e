import { loadavg } from 'node:os'
import type { Context, Row } from '../frame/bench.ts'
import type { Cell } from './cell.ts'
import { Ground } from './ground.ts'
import { NotMeasured, type Peer } from './peer.ts'

/** The figures of one cell in one run, or why there are none. */
type Outcome = Readonly<Record<string, number>> | { readonly why: string }

interface Measured {
  readonly outcome: Outcome
  /** Of the machine, in the minute before its end. */
  readonly load: number
}

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
  const kept = new Map<string, Measured[]>()
  const keep = (cell: Cell, peer: Peer, outcome: Outcome) => {
    const key = keyOf(cell, peer)
    kept.set(key, [...(kept.get(key) ?? []), { outcome, load: loadavg()[0] ?? Number.NaN }])
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

function rowsOf(cell: Cell, peer: Peer, measured: readonly Measured[]): readonly Row[] {
  const whys = new Set(measured.flatMap(({ outcome }) => ('why' in outcome ? [String(outcome.why)] : [])))
  return cell.figures.map(({ name, what, unit }) => {
    const samples = measured.flatMap(({ outcome, load }) => {
      const value = 'why' in outcome ? undefined : outcome[name]
      return value === undefined ? [] : [{ value, load }]
    })
    const row: Row = {
      what,
      unit,
      by: peer.name,
      samples: samples.map(({ value }) => value),
      load: samples.map(({ load }) => load),
    }
    return whys.size === 0 ? row : { ...row, note: [...whys].join('; ') }
  })
}
