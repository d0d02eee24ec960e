import { lazily } from './lazily.ts'

/** SHA-256 over data that comes in pieces: by Node if it is there, otherwise (in a browser, say) in TypeScript. */
export interface Sha256 {
  update(bytes: Uint8Array): Sha256
  /** The hash. Nothing can be added after it. */
  digest(): Uint8Array
}

export const sha256 = (): Sha256 => native()?.() ?? new PlainSha256()

interface NodeCrypto {
  createHash(name: 'sha256'): { update(bytes: Uint8Array): unknown; digest(): Uint8Array }
}

/** Looked up when it is used: an import would keep this from being bundled for a browser. */
const native = () => nativeOf(globalThis)

function nativeOf({
  process,
}: {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown }
}): (() => Sha256) | null {
  const crypto = process?.getBuiltinModule?.('node:crypto') as NodeCrypto | undefined
  if (crypto === undefined) return null
  return () => {
    const hash = crypto.createHash('sha256')
    const self: Sha256 = {
      update: (bytes) => {
        hash.update(bytes)
        return self
      },
      digest: () => hash.digest(),
    }
    return self
  }
}

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

/** The first 32 bits of the fractional part. */
const fraction = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) | 0

/** Computed when they are first needed, which is only where Node is not. */
const constants = lazily(() => {
  const primes = Array.from({ length: 312 }, (_, n) => n).filter(
    (n) => n > 1 && Array.from({ length: n }, (_, m) => m).every((m) => m < 2 || n % m !== 0),
  )
  return {
    rounds: Int32Array.from(primes.slice(0, 64), (prime) => fraction(Math.cbrt(prime))),
    begin: Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime))),
  }
})

const turned = (x: number, by: number): number => (x >>> by) | (x << (32 - by))

/** FIPS 180-4, if nothing better is available. */
export class PlainSha256 implements Sha256 {
  readonly #state = constants().begin.slice()
  readonly #words = new Int32Array(64)
  readonly #block = new Uint8Array(64)
  #filled = 0
  #length = 0

  update(bytes: Uint8Array): this {
    this.#length += bytes.length
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + 64 - this.#filled)
      this.#block.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === 64) this.#take()
    }
    return this
  }

  digest(): Uint8Array {
    const bits = BigInt(this.#length) * 8n
    const padding = new Uint8Array(this.#filled < 56 ? 64 - this.#filled : 128 - this.#filled)
    padding[0] = 0x80
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits)
    this.update(padding)
    const out = new DataView(new ArrayBuffer(32))
    for (const [i, word] of this.#state.entries()) out.setInt32(i * 4, word)
    return new Uint8Array(out.buffer)
  }

  #take(): void {
    this.#filled = 0
    const [words, view] = [this.#words, new DataView(this.#block.buffer)]
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(i * 4)
    for (let i = 16; i < 64; i++) {
      const [a, b] = [words[i - 15] ?? 0, words[i - 2] ?? 0]
      const early = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)
      const late = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10)
      words[i] = (words[i - 16] ?? 0) + early + (words[i - 7] ?? 0) + late
    }
    const { rounds } = constants()
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = this.#state
    for (let i = 0; i < 64; i++) {
      const chosen = (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g))
      const one = (h + chosen + (rounds[i] ?? 0) + (words[i] ?? 0)) | 0
      const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0]
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) this.#state[i] = (this.#state[i] ?? 0) + word
  }
}
