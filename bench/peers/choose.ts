import type { Cell } from './cell.ts'
import type { Peer } from './peer.ts'

/** Those whose id is one of these or begins with it, at a slash: `drain` or `drain/10-keys` or `drain/10-keys/2`. */
export function chosenCells(
  cells: readonly Cell[],
  only: readonly string[],
  quick: boolean,
): readonly Cell[] {
  for (const wanted of only)
    if (!cells.some((cell) => isPart(cell, wanted)))
      throw new Error(`there is no row ${wanted}; there are ${cells.map(({ id }) => id).join(', ')}`)
  if (only.length > 0) return cells.filter((cell) => only.some((wanted) => isPart(cell, wanted)))
  return quick ? cells.filter((cell) => cell.quick === true) : cells
}

const isPart = ({ id }: Cell, wanted: string): boolean => id === wanted || id.startsWith(`${wanted}/`)

export function chosenPeers(peers: readonly Peer[], who: readonly string[], quick: boolean): readonly Peer[] {
  for (const wanted of who)
    if (!peers.some(({ name }) => name === wanted))
      throw new Error(`there is no peer ${wanted}; there are ${peers.map(({ name }) => name).join(', ')}`)
  if (who.length > 0) return peers.filter(({ name }) => who.includes(name))
  return quick ? peers.filter((peer) => peer.variant !== true) : peers
}
