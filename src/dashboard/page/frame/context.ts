import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { MeDocument } from '../../parts.ts'
import type { Live } from '../data/live.ts'
import type { Shown } from './shown.ts'

/** What every screen gets. */
export interface Desk {
  readonly me: MeDocument
  readonly live: Live
  readonly shown: Shown
}

const Context = createContext<Desk | null>(null)

export const DeskProvider = Context.Provider

export function useDesk(): Desk {
  const desk = useContext(Context)
  if (desk === null) throw new Error('a screen stands outside of the page')
  return desk
}
