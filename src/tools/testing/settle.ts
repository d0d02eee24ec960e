import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogStore } from '../../engine/store/index.ts'

/** Turns of the event loop in which nothing has happened, until nothing will. */
const QUIET_TURNS = 3

/** Sees what goes through a store, and so when everything that was asked for has been answered. */
export class StoreWatch {
  readonly store: LogStore
  #underWay = 0
  #made = 0

  constructor(store: LogStore) {
    this.store = new Proxy(store, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver)
        return typeof member === 'function' ? this.#watched(member.bind(target)) : member
      },
    })
  }

  /** Resolves when no call is under way and nobody makes one. Handlers that wait for something else may still run. */
  async settled(): Promise<void> {
    for (let quiet = 0, seen = this.#made; quiet < QUIET_TURNS; ) {
      await nextTurn()
      quiet = this.#underWay === 0 && seen === this.#made ? quiet + 1 : 0
      seen = this.#made
    }
  }

  #watched(call: (...args: unknown[]) => unknown) {
    return (...args: unknown[]): unknown => {
      this.#made++
      const answer = call(...args)
      if (!(answer instanceof Promise)) return answer
      this.#underWay++
      return answer.finally(() => this.#underWay--)
    }
  }
}
