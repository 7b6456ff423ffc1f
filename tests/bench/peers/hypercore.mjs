// Events in a hypercore: node hypercore.mjs FOLDER PAYLOAD_BYTES
//
// One core, one writer: it signs the root of its tree with each append, be it one block or many, so
// that there is one signature for a batch. Hypercore leaves it to the system when blocks reach the
// disk; here its write-ahead log is synced, so that what is counted is durable.
// Then 1,000 blocks are handed to a second core that has the key alone, which checks them: they are
// what the writer signed. What they say, nobody judges.
import fs from 'node:fs'
import path from 'node:path'
import crypto from 'node:crypto'
import Hypercore from 'hypercore'

const [folder, size] = [process.argv[2], Number(process.argv[3])]
if (!folder || !(size > 0)) {
  console.error('usage: node hypercore.mjs FOLDER PAYLOAD_BYTES')
  process.exit(2)
}
const figure = (name, value, unit) => console.log(`hypercore_${name}\t${value.toPrecision(6)}\t${unit}`)
const seconds = () => performance.now() / 1000

const store = path.join(folder, 'core')
const core = new Hypercore(store)
await core.ready()

// The newest log of the store beneath: it is replaced by another now and then.
const db = path.join(store, 'db')
const log = { name: '', fd: -1 }
const sync = () => {
  const name = fs.readdirSync(db).filter((name) => /^[0-9]+\.log$/.test(name)).sort().at(-1)
  if (name !== log.name) {
    if (log.fd >= 0) {
      fs.fdatasyncSync(log.fd)
      fs.closeSync(log.fd)
    }
    Object.assign(log, { name, fd: fs.openSync(path.join(db, name), 'r+') })
  }
  fs.fdatasyncSync(log.fd)
}

// As the peers in C: `each` blocks under one signature, `group` of them before the disk is waited for.
const feed = async (name, count, each, group) => {
  const blocks = Array.from({ length: count }, () => crypto.randomBytes(size))
  const start = seconds()
  for (let i = 0; i < count; i += each) {
    await core.append(each === 1 ? blocks[i] : blocks.slice(i, i + each))
    if ((i + each) % group === 0) sync()
  }
  figure(name, count / (seconds() - start), 'events/s')
}
await feed('stream', 10000, 1, 1000)
await feed('batch_100', 10000, 100, 1000)
await feed('alone', 200, 1, 1)

// 1,000 blocks from all over the core, from one process's memory to itself.
const reader = new Hypercore(path.join(folder, 'reader'), core.key)
await reader.ready()
const wanted = Array.from({ length: 1000 }, (_, i) => i * 20)
const start = seconds()
const [one, two] = [core.replicate(true), reader.replicate(false)]
one.pipe(two).pipe(one)
await Promise.all(wanted.map((index) => reader.get(index)))
figure('shipment', 1000 * (seconds() - start), 'ms')
one.destroy()
two.destroy()
const count = core.length
await reader.close()
await core.close()

const bytes = (at) =>
  fs.statSync(at).isDirectory()
    ? fs.readdirSync(at).reduce((sum, name) => sum + bytes(path.join(at, name)), 0)
    : fs.statSync(at).blocks * 512
figure('bytes', bytes(store) / count, 'bytes')
