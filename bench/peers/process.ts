import { type ChildProcess, fork } from 'node:child_process'
import type { Setting } from './peer.ts'
import { programOfChild } from './program.ts'

export interface EnqueueOrder {
  readonly do: 'enqueue'
  readonly perCall: number
  readonly atOnce: number
  readonly ms: number
  /** Each call in a transaction of the program, with a row of its own. */
  readonly inTransaction?: boolean
}

/** What a process is told to do. */
export type Order =
  | EnqueueOrder
  | { readonly do: 'work'; readonly each: boolean }
  | { readonly do: 'stop' | 'usage' | 'leave' }

/** What it says: the answer to an order, or how many handlers were called, or that this one was. */
export type Telling =
  | { readonly answer: unknown }
  | { readonly failed: string }
  | { readonly handled: number; readonly at?: number }

export interface Report {
  /** When each handler was called, in milliseconds of the clock of all. */
  readonly starts: readonly number[]
}

export interface Usage {
  readonly cpuMs: number
  readonly mb: number
}

/** A peer that hangs does not hang the bench. */
const PATIENCE_MS = 60_000
const GOODBYE_MS = 3_000

type Handled = (handled: number, at: number | undefined) => void

/** A process that has connected to its peer. */
export class BenchProcess implements AsyncDisposable {
  /** Called for each word on handlers. */
  onHandled: Handled = () => {}
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  #stderr = ''
  #settle: ((telling: Telling) => void) | undefined

  /** @param peer its name */
  static async start(peer: string, setting: Setting): Promise<BenchProcess> {
    const made = new BenchProcess(await programOfChild(), peer, setting)
    try {
      await made.#answer()
      return made
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(program: string, peer: string, setting: Setting) {
    const child = fork(program, [JSON.stringify({ peer, setting })], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2_000)
    })
    child.on('message', (telling: Telling) => {
      if ('handled' in telling) this.onHandled(telling.handled, telling.at)
      else this.#settle?.(telling)
    })
    this.#gone = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#settle?.({ failed: `the process ended with code ${code}\n${this.#stderr}` })
        resolve()
      })
    })
  }

  async ask<Out>(order: Order): Promise<Out> {
    const answer = this.#answer()
    this.#child.send(order)
    const impatient = setTimeout(() => {
      this.#settle?.({ failed: `no answer to ${order.do} in ${PATIENCE_MS / 1_000} s` })
    }, PATIENCE_MS)
    return (await answer.finally(() => clearTimeout(impatient))) as Out
  }

  get isAlive(): boolean {
    return !this.#child.killed
  }

  kill(): boolean {
    return this.#child.kill('SIGKILL')
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#settle = (telling) => {
        this.#settle = undefined
        if ('answer' in telling) resolve(telling.answer)
        else if ('failed' in telling) reject(new Error(telling.failed))
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.send({ do: 'leave' } satisfies Order, () => {})
    const impatient = setTimeout(() => this.#child.kill('SIGKILL'), GOODBYE_MS)
    await this.#gone
    clearTimeout(impatient)
  }
}
