import { hostname, userInfo } from 'node:os'
import { forShell, type Operator } from '../../engine/core/index.ts'
import { parseInstallation, parseQueue } from '../../engine/events/index.ts'
import { type Target, targetOf } from '../../engine/process/index.ts'
import type { LogStore } from '../../engine/store/index.ts'
import type { Access } from '../../tools/history/index.ts'
import { type Colors, colorsOf, columnsOf, type Stream, type TextLines, written } from './terminal/lines.ts'
import { progressIn } from './terminal/progress.ts'

/** The parts of the outside world that a command may touch; tests pass their own. */
export interface Surface {
  readonly stdout: Stream
  readonly stderr: Stream
  /** What is typed, key by key; absent where nobody can. */
  readonly keys?: Keyboard
  readonly env: Readonly<Record<string, string | undefined>>
  /** Fires at the first Ctrl-C: end what runs, and clean up. */
  readonly signal: AbortSignal
  /** Sets what the second Ctrl-C does, for commands that end in two steps. */
  readonly onHurry?: (hurry: () => void) => void
}

/** A terminal that people type into. */
export interface Keyboard {
  /** @returns how to stop */
  listen(onKey: (key: string) => void): () => void
}

/** The options that every command has. */
export interface CommonOptions {
  readonly url?: string
  readonly schema?: string
  readonly queue?: string
  readonly by?: string
  readonly as?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** One run of one command: its surroundings, and how it prints. */
export class Frame {
  readonly surface: Surface
  readonly json: boolean
  readonly verbose: boolean
  readonly queue: string
  /** Who does this, beside the log; undefined: not given. */
  readonly person: string | undefined
  /** The role that does this, for the log; undefined: not given. */
  readonly as: string | undefined
  readonly colors: Colors
  readonly #url: string | undefined
  /** The schema that the installation has for itself; undefined: it is the default. */
  readonly schema: string | undefined
  readonly #typed: string

  /** @param typed the command and its words, without options: these may have secrets */
  constructor(surface: Surface, options: CommonOptions, typed: readonly string[] = ['interlock']) {
    this.#typed = typed.map(forShell).join(' ')
    this.surface = surface
    this.json = options.json === true
    this.verbose = options.verbose === true
    this.person = options.by ?? (surface.env['INTERLOCK_BY'] || undefined)
    this.as = options.as ?? (surface.env['INTERLOCK_AS'] || undefined)
    this.queue = parseQueue(options.queue ?? 'default')
    this.colors = colorsOf(this.isTerminal && !surface.env['NO_COLOR'])
    this.#url = options.url
    const schema = options.schema ?? (surface.env['INTERLOCK_SCHEMA'] || undefined)
    this.schema = schema === undefined ? undefined : parseInstallation(schema)
  }

  /**
   * Who does this: a role for the log, if one was given; and a person beside the log, where it can be deleted. The log names that row
   * by the id of this process.
   */
  get by(): { readonly name?: string; readonly operator: Operator } {
    const name = this.as === undefined ? {} : { name: this.as }
    const person = this.person ?? this.as ?? userName()
    return { ...name, operator: { operator: person, host: hostname(), command: this.#typed } }
  }

  /** This command on another queue, silent: for a part of larger work. */
  quietIn(queue: string): Frame {
    const silent = { write: () => {} }
    return new Frame({ ...this.surface, stdout: silent, stderr: silent }, { queue })
  }

  /** This queue of a store, as the rooms that do the work want it: what they say on the way goes to standard error. */
  access(store: LogStore): Access {
    const onNote = (text: string) => this.note(text)
    return { store, queue: this.queue, signal: this.signal, onNote, onProgress: progressIn(this) }
  }

  get signal(): AbortSignal {
    return this.surface.signal
  }

  /** The address as it was given, if it was. */
  get url(): string | undefined {
    return this.#url
  }

  get isTerminal(): boolean {
    return this.surface.stdout.isTTY === true
  }

  /** Columns of the terminal, for tables. */
  get columns(): number {
    return this.surface.stdout.columns ?? 80
  }

  /** Columns to fill: those of the terminal, but not so many that lines get hard to read. */
  get width(): number {
    return Math.min(this.columns, 100)
  }

  /** @throws InterlockError `invalid_input`, `embedded_in_production` */
  target(): Target {
    return targetOf(this.#url, this.surface.env, this.schema)
  }

  /** The result: a document for programs under `--json`, else text for people. */
  emit(document: unknown, lines: TextLines): void {
    this.print(this.json ? JSON.stringify(document, null, this.isTerminal ? 2 : 0).split('\n') : lines)
  }

  /** Prints lines of the result. A JSON text stays as it is: a broken one is none. */
  print(lines: TextLines): void {
    this.surface.stdout.write(written(lines, this.json ? undefined : columnsOf(this.surface.stdout)))
  }

  /** Prints lines beside the result, on standard error, so that they never get into a pipe. */
  note(lines: TextLines): void {
    this.surface.stderr.write(written(lines, columnsOf(this.surface.stderr)))
  }
}

/** In a container, the user may have no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? '?'}`
  }
}
