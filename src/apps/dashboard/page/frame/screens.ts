import type { FunctionComponent } from 'preact'
import { History } from '../screen/history/history.tsx'
import { Levers } from '../screen/levers/levers.tsx'
import { List } from '../screen/list/list.tsx'
import { Now } from '../screen/now/now.tsx'
import { Proof } from '../screen/proof/proof.tsx'
import { WhatIf } from '../screen/what-if/what-if.tsx'
import { Why } from '../screen/why/why.tsx'
import type { Screen } from './route.ts'

/** Each screen, its key and its name. */
export const screens: Readonly<
  Record<Screen, { readonly name: string; readonly key: string; readonly screen: FunctionComponent }>
> = {
  now: { name: 'Now', key: '1', screen: Now },
  why: { name: 'Why', key: '2', screen: Why },
  history: { name: 'History', key: '3', screen: History },
  list: { name: 'List', key: '4', screen: List },
  'what-if': { name: 'What if', key: '5', screen: WhatIf },
  proof: { name: 'Proof', key: '6', screen: Proof },
  levers: { name: 'Actions', key: '7', screen: Levers },
}
