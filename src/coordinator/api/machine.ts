import type { Ledger } from '../../core/index.ts'

/** Where the machine of a queue stands, as XState names it, and the ledger it stands on. */
export interface MachineSnapshot {
  readonly value: 'idle' | 'running' | { readonly draining: 'emptying' | 'drained' }
  readonly context: { readonly ledger: Ledger }
}

/** What an inspector is told of; XState's `InspectionEvent` says more. */
export interface MachineInspection {
  readonly type: string
}

/** Methods, so that what takes XState's own events fits. */
type Inspect = { see(event: MachineInspection): void }['see'] | { next?(event: MachineInspection): void }

export interface MachineOptions {
  /** Sees every event and every state, for Stately's inspector. */
  readonly inspect?: Inspect
}

/**
 * The running machine of a queue: a `CoordinatorActor` of `interlock-queue/machine`, in words of its own. XState's
 * declarations do not compile without `skipLibCheck`, so a program that does not ask for them is not given them.
 */
export interface RunningMachine {
  readonly snapshot: MachineSnapshot
  readonly ledger: Ledger
  /** Calls the listener after each change from now on; returns what ends that. */
  subscribe(listener: (snapshot: MachineSnapshot) => void): () => void
  stop(): void
}
