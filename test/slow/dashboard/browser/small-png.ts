/** Pictures for the docs are in the package: with 256 colours each is a third as large, and looks the same. */
import { crc32, deflateSync, inflateSync } from 'node:zlib'

const COLOURS = 256

/** @param png of 8 bits a channel, without a palette: what a browser takes */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, data } = partsOf(png)
  const pixels = unfiltered(inflateSync(data), width * channels, channels)
  const colours = new Map<number, number>()
  const all = new Uint32Array(width * height)
  for (let at = 0; at < all.length; at++) {
    const from = at * channels
    const colour = ((pixels[from] ?? 0) << 16) | ((pixels[from + 1] ?? 0) << 8) | (pixels[from + 2] ?? 0)
    all[at] = colour
    colours.set(colour, (colours.get(colour) ?? 0) + 1)
  }
  const palette = [...colours]
    .sort(([, a], [, b]) => b - a)
    .slice(0, COLOURS)
    .map(([colour]) => colour)
  const nearest = new Map([...colours.keys()].map((colour) => [colour, nearestIn(palette, colour)]))
  const rows = Buffer.alloc((width + 1) * height)
  for (let at = 0; at < all.length; at++)
    rows[at + Math.floor(at / width) + 1] = nearest.get(all[at] ?? 0) ?? 0
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3, 0, 0, 0], 8)
  return Buffer.concat([
    png.subarray(0, 8),
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap(channelsOf))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const channelsOf = (colour: number): number[] => [colour >> 16, (colour >> 8) & 255, colour & 255]

function nearestIn(palette: readonly number[], colour: number): number {
  const [r = 0, g = 0, b = 0] = channelsOf(colour)
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (const [at, other] of palette.entries()) {
    const [or = 0, og = 0, ob = 0] = channelsOf(other)
    const far = (r - or) ** 2 + (g - og) ** 2 + (b - ob) ** 2
    if (far < least) [best, least] = [at, far]
  }
  return best
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

function partsOf(png: Buffer) {
  const pieces: Buffer[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') pieces.push(png.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  const channels = png[25] === 6 ? 4 : 3
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), channels, data: Buffer.concat(pieces) }
}

/** Each byte is told as what it differs by from those beside and above it. */
function unfiltered(raw: Buffer, stride: number, channels: number): Uint8Array {
  const rows = raw.length / (stride + 1)
  const out = new Uint8Array(rows * stride)
  for (let y = 0; y < rows; y++) {
    const filter = raw[y * (stride + 1)] ?? 0
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x
      const left = x >= channels ? (out[at - channels] ?? 0) : 0
      const up = y > 0 ? (out[at - stride] ?? 0) : 0
      const corner = x >= channels && y > 0 ? (out[at - stride - channels] ?? 0) : 0
      const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)]
      out[at] = (raw[y * (stride + 1) + 1 + x] ?? 0) + (guesses[filter] ?? 0)
    }
  }
  return out
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [byLeft, byUp, byCorner] = [left, up, corner].map((value) => Math.abs(guess - value)) as [
    number,
    number,
    number,
  ]
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}
