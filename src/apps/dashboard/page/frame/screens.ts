import type { FunctionComponent } from 'preact'
import { Dead } from '../screen/dead/dead.tsx'
import { History } from '../screen/history/history.tsx'
import { Jobs } from '../screen/jobs/jobs.tsx'
import { Levers } from '../screen/levers/levers.tsx'
import { Log } from '../screen/log/log.tsx'
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
  'what-if': { name: 'What if', key: '5', screen: WhatIf },
  proof: { name: 'Proof', key: '6', screen: Proof },
  dead: { name: 'Dead', key: '7', screen: Dead },
  log: { name: 'Log', key: '8', screen: Log },
  levers: { name: 'Actions', key: '9', screen: Levers },
  jobs: { name: 'Jobs', key: '0', screen: Jobs },
}
