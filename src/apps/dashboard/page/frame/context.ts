import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { MeDocument } from '../../api/queue-documents.ts'
import type { LiveQueue } from '../data/live.ts'
import type { Shown } from './shown.ts'

/** What every screen gets. */
export interface PageContext {
  readonly me: MeDocument
  readonly live: LiveQueue
  readonly shown: Shown
}

const Context = createContext<PageContext | null>(null)

export const PageProvider = Context.Provider

export function usePage(): PageContext {
  const page = useContext(Context)
  if (page === null) throw new Error('a screen stands outside of the page')
  return page
}
