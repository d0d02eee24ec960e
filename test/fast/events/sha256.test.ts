import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, PlainSha256, type Sha256, sha256, toHex, utf8 } from '../../../src/engine/events/sha256.ts'

const digestOf = (parts: readonly Uint8Array[], hash: Sha256): string => {
  for (const part of parts) hash.update(part)
  return toHex(hash.digest())
}

describe.each([
  ['in TypeScript', () => new PlainSha256()],
  ['by what is at hand', sha256],
])('SHA-256 %s', (_, made) => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('of %j is what the standard says', (text, digest) => {
    expect(digestOf([utf8(text)], made())).toBe(digest)
  })

  it("is Node's, however the bytes are cut into pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (parts) => {
        const wanted = createHash('sha256').update(Buffer.concat(parts)).digest('hex')
        expect(digestOf(parts, made())).toBe(wanted)
        expect([...fromHex(wanted)]).toEqual([...Buffer.from(wanted, 'hex')])
      }),
    )
  })
})
